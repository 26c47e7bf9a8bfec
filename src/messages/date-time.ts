/**
 * The formats `date-time` and `uri`, checked without regular expressions where it is hot.
 */

const ZERO = 48
const DASH = 45
const PLUS = 43
const COLON = 58
const DOT = 46
// More digits than nanoseconds have are no better time, and Temporal refuses them.
const MAX_FRACTION_DIGITS = 9
const MAX_LENGTH = '2026-01-31T12:00:00.123456789+00:00'.length
// biome-ignore format: a table
const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Whether a text is an RFC 3339 date and time that exists. The offset, or `Z`, is required, also
 * by 1.6: its text says only ISO 8601, its schemas say `date-time`. A leap second is legal where
 * one can be: as 23:59:60 in UTC. At most 9 digits of fraction; lower case `t` and `z` are legal.
 *
 * @spec RFC 3339 section 5.6; OCPP 2.1 Part 2 section 3.1; OCPP 1.6 section 3.14
 */
export function isDateTime(text: string): boolean {
  const { length } = text
  if (length < 20 || length > MAX_LENGTH || !isDateAndTime(text)) return false

  let at = 19
  if (text.charCodeAt(at) === DOT) {
    do at += 1
    while (isDigit(text.charCodeAt(at)))
    if (at === 20 || at > 20 + MAX_FRACTION_DIGITS) return false
  }
  const offsetMinutes = readOffset(text, at)
  if (offsetMinutes === undefined) return false
  return twoDigits(text, 17) < 60 || isLastMinuteOfDay(text, offsetMinutes)
}

/**
 * As `isDateTime`, and a time without an offset is legal too; it is to be read as UTC. For 1.6
 * stations set `tolerant` only: some of them leave the `Z` out.
 */
export function isDateTimeOrWithoutOffset(text: string): boolean {
  return isDateTime(text) || isDateTime(`${text}Z`)
}

/**
 * The moment that a date and time names, in milliseconds since 1970; NaN where it names none. One
 * without an offset is read as UTC. A leap second is the last millisecond of its minute, for lack
 * of a better one: the platform knows none.
 */
export function parseMoment(text: string): number {
  const whole = isDateTime(text) ? text : `${text}Z`
  if (!isDateTime(whole)) return Number.NaN
  const isLeap = twoDigits(whole, 17) === 60
  return Date.parse(isLeap ? `${whole.slice(0, 17)}59.999${offsetOf(whole)}` : whole)
}

/** Whether a text starts like an absolute URI and holds no space, control or quote character. */
export function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^\s\p{Cc}"<>\\^`{|}]+$/iu.test(text)
}

/** `YYYY-MM-DDThh:mm:ss` at the start; the second may be 60. */
function isDateAndTime(text: string): boolean {
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return false
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return false
  const separator = text.charCodeAt(10)
  if (separator !== 0x54 && separator !== 0x74) return false

  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  // twoDigits is NaN where there are no digits, and no comparison with NaN is true.
  if (!(year >= 0 && month >= 1 && day >= 1 && day <= (DAYS[month] ?? 0))) return false
  if (month === 2 && day === 29 && !isLeapYear(year)) return false
  return twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 60
}

/** `Z` or `±hh:mm` up to the end of the text, in minutes; undefined when there is none. */
function readOffset(text: string, at: number): number | undefined {
  const first = text.charCodeAt(at)
  if (first === 0x5a || first === 0x7a) return text.length === at + 1 ? 0 : undefined
  if (text.length !== at + 6 || text.charCodeAt(at + 3) !== COLON) return undefined
  const hours = twoDigits(text, at + 1)
  const minutes = twoDigits(text, at + 4)
  if (!(hours <= 23 && minutes <= 59)) return undefined
  if (first === PLUS) return hours * 60 + minutes
  return first === DASH ? -(hours * 60 + minutes) : undefined
}

/** What follows the seconds and their fraction. */
function offsetOf(text: string): string {
  let at = 19
  while (text.charCodeAt(at) === DOT || isDigit(text.charCodeAt(at))) at += 1
  return text.slice(at)
}

function isLastMinuteOfDay(text: string, offsetMinutes: number): boolean {
  const minuteOfDay = twoDigits(text, 11) * 60 + twoDigits(text, 14) - offsetMinutes
  return (minuteOfDay + 2 * 1440) % 1440 === 1439
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9
}

/** The number two digits make; NaN when either is none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + (ones - ZERO) : Number.NaN
}
