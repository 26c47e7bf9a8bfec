import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isDateTime,
  isDateTimeOrWithoutOffset,
  isUri,
  parseMoment,
} from '../../src/messages/date-time.ts'
import { SEED } from '../seed.ts'

const LEGAL = [
  '2026-01-31T12:00:00Z',
  '2019-04-12T23:20:50.52Z',
  '2019-12-19T16:39:57+01:00',
  '2024-02-29T00:00:00.123456789-11:30',
  '2000-02-29T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '2017-01-01T08:59:60+09:00',
  '2016-12-31T18:59:60.5-05:00',
  '2026-01-31t12:00:00z',
  '0000-01-01T00:00:00-00:00',
]

const ILLEGAL = [
  '',
  '2026-01-31',
  '12:00:00Z',
  '2026-01-31T12:00:00',
  '2026-01-31 12:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:61Z',
  '2026-01-31T12:00:60Z',
  '2016-12-31T23:59:60+01:00',
  '2026-01-31T12:00:00.Z',
  '2026-01-31T12:00:00.1234567890Z',
  '2026-01-31T12:00:00,5Z',
  '2026-01-31T12:00:00+0100',
  '2026-01-31T12:00:00+01',
  '2026-01-31T12:00:00+24:00',
  '2026-01-31T12:00:00+01:60',
  '2026-01-31T12:00:00ZZ',
  '2026-01-31T12:00:00Z ',
  ' 2026-01-31T12:00:00Z',
  '2026-01-31T12:00:00Z\n',
  '+002026-01-31T12:00:00Z',
  '20260131T120000Z00000',
  '２026-01-31T12:00:00Z',
  '2026-01-31T12:00:00−01:00',
]

test('dates and times that exist, with their offset, are legal', () => {
  for (const text of LEGAL) assert.equal(isDateTime(text), true, text)
})

test('times that do not exist, or are not RFC 3339, are refused', () => {
  for (const text of ILLEGAL) assert.equal(isDateTime(text), false, text)
})

test('the tolerant format forgives a missing offset and nothing else', () => {
  assert.equal(isDateTimeOrWithoutOffset('2026-01-31T12:00:00'), true)
  assert.equal(isDateTimeOrWithoutOffset('2026-01-31T12:00:00.123'), true)
  assert.equal(isDateTimeOrWithoutOffset('2026-01-31T12:00:60'), false)
  for (const text of LEGAL) assert.equal(isDateTimeOrWithoutOffset(text), true, text)
  for (const text of ILLEGAL.filter((each) => each !== '2026-01-31T12:00:00')) {
    assert.equal(isDateTimeOrWithoutOffset(text), false, text)
  }
})

test('the format agrees with a slow reading of RFC 3339', () => {
  const digits = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'))
  const nearlyLegal = fc
    .tuple(
      fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0')),
      digits(14),
      digits(33),
      fc.constantFrom('T', 't', ' ', ''),
      digits(25),
      digits(61),
      digits(62),
      fc.constantFrom('', '.', '.5', '.123', '.1234567890'),
      fc.oneof(
        fc.constantFrom('Z', 'z', '', 'Zx', '+1:00'),
        fc
          .tuple(fc.constantFrom('+', '-'), digits(25), digits(62))
          .map(([s, h, m]) => `${s}${h}:${m}`),
      ),
    )
    .map(([y, mo, d, t, h, mi, s, f, o]) => `${y}-${mo}-${d}${t}${h}:${mi}:${s}${f}${o}`)

  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: nearlyLegal }, fc.string()), (text) => {
      assert.equal(isDateTime(text), isDateTimeSlowly(text), text)
    }),
    { seed: SEED, numRuns: 20_000 },
  )
})

test('every time that Date writes is legal', () => {
  fc.assert(
    fc.property(
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
      (date) => {
        assert.equal(isDateTime(date.toISOString()), true)
      },
    ),
    { seed: SEED },
  )
})

test('a URI is absolute and has no space or quote in it', () => {
  for (const text of [
    'https://example.org/fw.bin',
    'ftp://u:p@[::1]:21/x?y#z',
    'urn:x:y',
    'SFTP://h/ü',
  ]) {
    assert.equal(isUri(text), true, text)
  }
  for (const text of [
    '',
    'example.org',
    '/firmware',
    '1http://x',
    'http://a b',
    'http://a\n',
    'http:',
    'http://"',
  ]) {
    assert.equal(isUri(text), false, text)
  }
})

/** The same by regular expression and calendar arithmetic of the platform. */
function isDateTimeSlowly(text: string): boolean {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(
      text,
    )
  if (!match) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return false
  const [offsetHour, offsetMinute] = [Number(match[8] ?? 0), Number(match[9] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return false
  if (second < 60) return true
  const offset = (offsetHour * 60 + offsetMinute) * (match[7] === '-' ? -1 : 1)
  return (hour * 60 + minute - offset + 2880) % 1440 === 1439
}

test('a moment is read wherever a date and time is legal, and a leap second is the end of its minute', () => {
  for (const text of LEGAL) assert.ok(Number.isFinite(parseMoment(text)), text)
  for (const text of ['', '2026-01-31', '2016-12-31T23:59:61Z', '2026-01-31T12:00:60Z']) {
    assert.ok(Number.isNaN(parseMoment(text)), text)
  }
  const last = Date.UTC(2016, 11, 31, 23, 59, 59, 999)
  assert.equal(parseMoment('2016-12-31T23:59:60Z'), last)
  assert.equal(parseMoment('2016-12-31T23:59:60.5Z'), last)
  assert.equal(parseMoment('2017-01-01T08:59:60+09:00'), last)
  assert.equal(parseMoment('2026-01-31T12:00:00.25'), Date.UTC(2026, 0, 31, 12, 0, 0, 250))
})
