import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { journalName, StationJournal } from '../../src/storage/station-journal.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

const message = (action: string, registerWh = 0, evseId = 1) => ({
  evseId,
  idToken: 'TAG-1',
  action,
  payload: { said: action },
  registerWh,
})

test('messages are delivered in the order they were written, and told what they need', (t) => {
  const journal = new StationJournal(':memory:')
  t.after(() => journal.close())
  const start = journal.begin(message('Start'), undefined)
  const meter = journal.add(message('Meter'), 'meter', start)

  assert.deepEqual([journal.next()?.id, journal.next()?.transactionId], [start, undefined])
  journal.delivered(start, '17')
  const next = journal.next()
  assert.deepEqual([next?.id, next?.startId, next?.transactionId], [meter, start, '17'])
  assert.deepEqual([next?.payload, next?.startState], [{ said: 'Meter' }, 'delivered'])
  journal.failed(meter)
  assert.equal(journal.next()?.failures, 1)
  journal.refused(meter, 'because')
  assert.equal(journal.next(), undefined)
  assert.equal(journal.count(start), 2)
})

test('what was not delivered is there when the file is opened again, with transactions that run', (t) => {
  const file = join(temporaryFolder(t), 'journal.sqlite')
  const before = new StationJournal(file)
  const ended = before.begin(message('Start', 5), 'T1')
  before.add(message('Stop', 9), 'stop', ended)
  const running = before.begin(message('Start', 9), 'T2')
  before.add(message('Meter', 12), 'meter', running)
  before.begin(message('Start', 3, 2), 'T3')
  before.delivered(ended)
  before.close()

  const journal = new StationJournal(file)
  t.after(() => journal.close())

  assert.deepEqual([journal.next()?.action, journal.next()?.transactionId], ['Stop', 'T1'])
  assert.deepEqual(
    journal
      .open()
      .map(({ transactionId, evseId, registerWh }) => [transactionId, evseId, registerWh]),
    [
      ['T2', 1, 12],
      ['T3', 2, 3],
    ],
  )
  assert.deepEqual(
    [1, 2, 3].map((evseId) => journal.registerWh(evseId)),
    [12, 3, undefined],
  )
})

test('a register that was kept never goes back, and is that of what ran there', (t) => {
  const journal = new StationJournal(':memory:')
  t.after(() => journal.close())
  journal.begin(message('Start', 5), 'T1')
  const registers = () => [journal.registerWh(1), journal.open()[0]?.registerWh]

  journal.keepRegister(1, 9)
  assert.deepEqual(registers(), [9, 9])
  journal.keepRegister(1, 8)
  journal.keepRegister(2, 70)
  assert.deepEqual(registers(), [9, 9])
  journal.add(message('Meter', 12), 'meter', 1)
  assert.deepEqual(registers(), [12, 12])
})

test('stations that share a folder have a file each, whatever their ids', () => {
  const ids = ['CS01', 'CS02', 'a|b', 'a*b', '../up', 'ä'.repeat(120), 'ö'.repeat(120)]
  const names = ids.map(journalName)
  assert.equal(new Set(names).size, ids.length)
  for (const name of names) assert.match(name, /^station-[\w.%!~'()-]{1,200}\.sqlite$/)
  assert.equal(journalName('cs01'), journalName('CS01'))
})
