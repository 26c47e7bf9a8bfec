import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metric, until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused, settingOf, timesDone } from './both-sides.ts'
import { PlainStation } from './plain-station.ts'
import { linesOf, refusalAt } from './refusals.ts'
import { captured, command, deliver, FILE, moveClock, outcomeOf, restarted, type Side, sidesOf } from './site.ts' // biome-ignore format: one line

/** Time as an attacker uses it: old frames, clocks that are wrong, memories that are gone. */

const theSides = sidesOf()
let value = 600

async function keptCommand() {
  const sides = await theSides()
  const interval = `${++value}`
  const frame = await captured(sides.strict, 'CALL', 'ChangeConfiguration', () => command(sides.strict, 'CS01', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: interval })) // biome-ignore format: one line
  return { sides, frame, interval }
}

/** Obeyed at both sides, so that it can be told again. */
async function obeyedCommand() {
  const kept = await keptCommand()
  const { strict, open } = kept.sides
  for (const side of [strict, open]) deliver(side, kept.frame)
  await until('the command', () => [strict, open].every((side) => settingOf(side) === kept.interval)) // biome-ignore format: one line
  return kept
}

const forget = (side: Side) => side.stations[0].settings.set('HeartbeatInterval', '300')

test('A07: a frame that comes again under its id or a new one is answered as before and not obeyed again', async () => {
  const { sides, frame } = await obeyedCommand()
  const { strict } = sides
  const before = linesOf(strict.node, 'request.repeated').length
  forget(strict)
  for (const id of [frame[3], 'a-new-id']) deliver(strict, frame.with(3, id))
  await until('both to be counted', () => linesOf(strict.node, 'request.repeated').length === before + 2) // biome-ignore format: one line
  assert.equal(settingOf(strict), '300')
})

test('A07: a frame that comes again for another station', async () => {
  const { sides, frame, interval } = await obeyedCommand()
  await obeyedThenRefused(sides, { frame: frame.with(1, 'CS02'), reason: 'not-this-message', isDone: (side) => settingOf(side, 'HeartbeatInterval', 1) === interval }) // biome-ignore format: one line
})

test('A07: a frame of last week is refused, however well it is signed', async () => {
  const { sides, frame, interval } = await obeyedCommand()
  for (const side of [sides.strict, sides.open]) forget(side)
  await sides.moveClocks(7 * 24 * 3_600)
  await obeyedThenRefused(sides, { frame, reason: 'expired', isDone: (side) => settingOf(side) === interval }) // biome-ignore format: one line
  await sides.moveClocks(0)
})

// Whoever can set a clock back must not make old commands new: what was forgotten because it was
// over has to stay over.
test('A07: a clock that is set back after it has run makes no old frame new', async () => {
  const { sides, frame } = await obeyedCommand()
  const { strict, keys } = sides
  await moveClock(strict.node, 120)
  // A good command of then, with which the memory of the first one goes.
  const payload = { connectorId: 1 }
  const iat = Math.floor(Date.now() / 1_000) + 120
  const fields = { OCPPAction: 'ReserveNow', to: 'CS01', iat, exp: iat + 60 }
  deliver(strict, callTo('CS01', 'ReserveNow', { ...payload, signatures: await keys.sign(['CSMS01'], payload, fields) })) // biome-ignore format: one line
  await until('it to be obeyed', () => timesDone(strict, 'ReserveNow') === 1)
  await moveClock(strict.node, 0)
  forget(strict)
  const answers = strict.middle.recorded.length
  deliver(strict, frame.with(3, 'of-then'))
  await until('an answer', () => strict.middle.recorded.slice(answers).some((one) => one.frame.messageId === 'of-then')) // biome-ignore format: one line
  assert.equal(settingOf(strict), '300')
})

for (const [what, seconds, reason] of [
  ['slow by more than half a minute', -45, 'from-the-future'],
  ['fast by more than half a minute', 45, 'expired'],
] as const) {
  test(`T14: the clock of a receiver is ${what}: what is signed now is refused as ${reason}`, async () => {
    const { sides, frame, interval } = await keptCommand()
    const { strict, open } = sides
    for (const { node } of [strict, open]) await moveClock(node, seconds)
    await obeyedThenRefused(sides, { frame, reason, isDone: (side) => settingOf(side) === interval }) // biome-ignore format: one line
    for (const { node } of [strict, open]) await moveClock(node, 0)
  })
}

test('T14: the clock of a receiver is wrong by less than that, and it obeys', async () => {
  for (const seconds of [-25, 25]) {
    const { sides, frame, interval } = await keptCommand()
    await moveClock(sides.strict.node, seconds)
    deliver(sides.strict, frame)
    await until('the command', () => settingOf(sides.strict) === interval)
    await moveClock(sides.strict.node, 0)
  }
})

/** Signed by somebody who has no clock. */
async function withoutTime(chal?: string) {
  const { keys } = await theSides()
  const payload = { connectorId: 1 }
  const fields = { OCPPAction: 'UnlockConnector', to: 'CS01', iat: 0, exp: 60, ...(chal && { chal }) } // biome-ignore format: one line
  return callTo('CS01', 'UnlockConnector', { ...payload, signatures: await keys.sign(['CSMS01'], payload, fields) }) // biome-ignore format: one line
}

/** @returns The challenge. */
async function challenged(side: Side) {
  const frame = await withoutTime()
  await refusalAt(side.node, () => deliver(side, frame), 'ERR_POLICY_CHALLENGE')
  const told = await until('the challenge', () => side.middle.recorded.find((one) => one.frame.type === 4 && one.frame.messageId === frame[3])) // biome-ignore format: one line
  const { reason, challenge } = JSON.parse(new TextDecoder().decode(told.frame.payload))
  assert.equal(reason, 'challenge')
  return challenge as string
}

test('T14: what is signed without a time is challenged, and a challenge that nobody has given counts for nothing', async () => {
  const { strict } = await theSides()
  await challenged(strict)
  const invented = await withoutTime('AAECAwQFBgcICQoLDA0ODw')
  assert.deepEqual(await refusalAt(strict.node, () => deliver(strict, invented)), { code: 'ERR_POLICY_REFUSED', reason: 'not-challenged' }) // biome-ignore format: one line
  assert.equal(timesDone(strict, 'UnlockConnector'), 0)
})

test('T14: who signs the challenge without a clock is obeyed, and not by the same one again', async () => {
  const { strict } = await theSides()
  const challenge = await challenged(strict)
  const refused = linesOf(strict.node, 'frame.refused').length
  deliver(strict, await withoutTime(challenge))
  await until('a decision', () => timesDone(strict, 'UnlockConnector') + linesOf(strict.node, 'frame.refused').length > refused) // biome-ignore format: one line
  assert.equal(timesDone(strict, 'UnlockConnector'), 1)
  const again = await withoutTime(challenge)
  assert.deepEqual(await refusalAt(strict.node, () => deliver(strict, again)), { code: 'ERR_POLICY_REFUSED', reason: 'not-challenged' }) // biome-ignore format: one line
  assert.equal(timesDone(strict, 'UnlockConnector'), 1)
})

// The last one: the node at the edge is another process afterwards.
test('A07: a receiver that has restarted knows nothing of before: a recorded frame is challenged, the CSMS itself is obeyed', async () => {
  const { sides, frame, interval } = await obeyedCommand()
  const side = sides.strict
  const node = await restarted(side.node)
  await until('the uplink', async () => (await metric(node.console, 'wattweave_links', 'form="overlay"')) >= 1) // biome-ignore format: one line
  const station = await PlainStation.connect(FILE, node.url, 'CS01')
  await station.boot()
  await refusalAt(node, () => deliver(side, frame), 'ERR_POLICY_CHALLENGE')
  assert.notEqual(station.settings.get('HeartbeatInterval'), interval)
  const { state } = await outcomeOf(side, await command(side, 'CS01', 'Reset', { type: 'Soft' }))
  assert.equal(state, 'accepted')
  assert.deepEqual(
    station.obeyed.flatMap(([action]) => action),
    ['Reset'],
  )
})
