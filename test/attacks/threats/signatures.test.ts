import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metric, until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused, PAYLOAD, payloadOf, timesDone } from './both-sides.ts'
import { refusalAt } from './refusals.ts'
import { captured, command, deliver, type FrameArray, onward, type Side, sidesOf } from './site.ts' // biome-ignore format: one line

/** What the middle does to signatures, and what it signs itself. */

const theSides = sidesOf()
const ACTION = 'RemoteStopTransaction'
let transactionId = 1_000

type Entry = Record<string, string>

/** Whether the station has stopped this transaction. */
const hasStopped = (id: number) => (side: Side) => side.stations[0].obeyed.some(([name, payload]) => name === ACTION && payload.transactionId === id) // biome-ignore format: one line

/** A command of the CSMS on its way, which the middle has kept. */
async function kept() {
  const sides = await theSides()
  const id = ++transactionId
  const frame = await captured(sides.strict, 'CALL', ACTION, () => command(sides.strict, 'CS01', ACTION, { transactionId: id })) // biome-ignore format: one line
  return { sides, frame, isDone: hasStopped(id) }
}

/** The same command as somebody else signs it. */
async function signedBy(names: readonly string[], fields: object = {}) {
  const sides = await theSides()
  const payload = { transactionId: ++transactionId }
  const signatures = await sides.keys.sign(names, payload, { OCPPAction: ACTION, to: 'CS01', ...fields }) // biome-ignore format: one line
  const frame = callTo('CS01', ACTION, { ...payload, signatures })
  return { sides, payload, signatures, frame, isDone: hasStopped(payload.transactionId) }
}

const entriesOf = (frame: FrameArray) => payloadOf(frame).signatures as Entry[]
const withEntries = (frame: FrameArray, change: (entry: Entry) => object) => frame.with(PAYLOAD, { ...payloadOf(frame), signatures: entriesOf(frame).map(change) }) // biome-ignore format: one line
const headerOf = ({ protected: text = '' }: Entry) => JSON.parse(Buffer.from(text, 'base64url').toString()) // biome-ignore format: one line
const withHeader = (entry: Entry, change: object) => ({ ...entry, protected: Buffer.from(JSON.stringify({ ...headerOf(entry), ...change })).toString('base64url') }) // biome-ignore format: one line

/** Row, what is done to an entry, and the reason of the refusal. */
const CHANGES: readonly (readonly [string, (entry: Entry) => object, string])[] = [
  ['T6: the middle puts its own public key into the header', (entry) => withHeader(entry, { jwk: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } }), 'header-malformed'],
  ['T10: the middle says that the key is for another algorithm, beside the header and in it', (entry) => ({ ...withHeader(entry, { alg: 'ES384' }), algorithm: 'secp384r1' }), 'algorithm-of-key'],
  ['T10: the middle names another algorithm only beside the header', (entry) => ({ ...entry, algorithm: 'secp521r1' }), 'mirror-differs'],
  ['T10: the middle says that nothing is signed by an algorithm', (entry) => ({ ...withHeader(entry, { alg: 'none' }), algorithm: 'none' }), 'algorithm-of-key'],
  ['T10: the middle shortens the value', (entry) => ({ ...entry, value: `${entry.value}`.slice(0, 40) }), 'value-malformed'],
  ['T11: the middle writes a name beside a signature', (entry) => ({ ...entry, name: 'Chief Engineer' }), 'mirror-differs'],
  ['T11: the middle writes a description beside a signature', (entry) => ({ ...entry, description: { en: 'checked' } }), 'mirror-differs'],
  ['T11: the middle writes another time beside a signature', (entry) => ({ ...entry, timestamp: '2001-01-01T00:00:00Z' }), 'mirror-differs'],
  ['T11: the middle adds a member that nothing protects', (entry) => ({ ...entry, comment: 'urgent' }), 'entry-malformed'],
  ['T11: the middle writes a role into the header', (entry) => withHeader(entry, { role: 'owner' }), 'signature-invalid'],
  ['A08: the middle exchanges the key id beside the header', (entry) => ({ ...entry, keyId: 'A'.repeat(43) }), 'mirror-differs'],
  ['A08: the middle exchanges the key id and the header', (entry) => ({ ...withHeader(entry, { kid: 'A'.repeat(43) }), keyId: 'A'.repeat(43) }), 'unknown-keys'],
  ['A08: the middle sets another end into the header', (entry) => withHeader(entry, { exp: headerOf(entry).exp - 1 }), 'signature-invalid'],
] // biome-ignore format: a table

for (const [what, change, reason] of CHANGES) {
  test(`${what}: ${reason}`, async () => {
    const { sides, frame, isDone } = await kept()
    await obeyedThenRefused(sides, { frame: withEntries(frame, change), reason, isDone })
  })
}

test('A08: the middle leaves an empty list of signatures', async () => {
  const { sides, frame, isDone } = await kept()
  await obeyedThenRefused(sides, { frame: frame.with(PAYLOAD, { ...payloadOf(frame), signatures: [] }), reason: 'unsigned', isDone }) // biome-ignore format: one line
})

// Both look the same to whoever reads them, and are two texts to whoever compares them.
test('A08: the middle writes a text in another Unicode form', async () => {
  const { keys } = await theSides()
  const payload = {
    listVersion: 1,
    updateType: 'Full',
    localAuthorizationList: [{ idTag: 'caf\u00e9' }],
  }
  const signatures = await keys.sign(['CSMS01'], payload, {
    OCPPAction: 'SendLocalList',
    to: 'CS01',
  })
  const decomposed = { ...payload, localAuthorizationList: [{ idTag: 'cafe\u0301' }] }
  const frame = callTo('CS01', 'SendLocalList', { ...decomposed, signatures })
  await obeyedThenRefused(await theSides(), { frame, reason: 'signature-invalid', isDone: (side) => timesDone(side, 'SendLocalList') > 0 }) // biome-ignore format: one line
})

test('T6: a key that says it is the key of the CSMS, and that nobody was told of, counts for nothing', async () => {
  const { sides, frame, isDone } = await signedBy(['STRANGER'])
  await obeyedThenRefused(sides, { frame, reason: 'unknown-keys', isDone })
})

test('A08: of two signatures one is good and one is bad', async () => {
  const { sides, frame, isDone } = await signedBy(['CSMS01', 'SECOND'])
  const bad = withEntries(frame, (entry) => entry.algorithm === 'ed25519' ? { ...entry, value: Buffer.alloc(64).toString('base64url') } : entry) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame: bad, reason: 'signature-invalid', isDone })
})

test('T13: two sign the same command in parallel, and it is obeyed; each signature stands without the other', async () => {
  const { strict } = await theSides()
  for (const count of [2, 1]) {
    const { frame, isDone } = await signedBy(['CSMS01', 'SECOND'])
    const left = frame.with(PAYLOAD, { ...payloadOf(frame), signatures: entriesOf(frame).slice(0, count) }) // biome-ignore format: one line
    deliver(strict, left)
    await until('the command', () => isDone(strict))
  }
})

test('T13: the second signature alone does not make it a command of the first', async () => {
  const { sides, frame, isDone } = await signedBy(['SECOND'])
  await obeyedThenRefused(sides, { frame, reason: 'not-by-originator', isDone })
})

test('T13: signatures that do not agree about what they sign, and two by one key', async () => {
  const { sides, frame, payload, signatures, isDone } = await signedBy(['CSMS01'])
  const [own] = signatures
  assert.ok(own)
  const [other] = await sides.keys.sign(['SECOND'], payload, { OCPPAction: ACTION, to: 'CS01' })
  const differing = frame.with(PAYLOAD, { ...payload, signatures: [own, other] })
  await obeyedThenRefused(sides, { frame: differing, reason: 'headers-differ', isDone })
  const twice = frame.with(PAYLOAD, { ...payload, signatures: [own, own] })
  assert.equal((await refusalAt(sides.strict.node, () => deliver(sides.strict, twice))).reason, 'signer-twice') // biome-ignore format: one line
})

/** A frame whose payload is written by hand, as it comes to the middle. */
function sendText(side: Side, frame: FrameArray, payload: string): void {
  const text = new TextDecoder().decode(onward(frame.with(PAYLOAD, '§')))
  side.middle.inject('CS01', new TextEncoder().encode(text.replace('"§"', () => payload)))
}

const signaturesText = (frame: FrameArray) => JSON.stringify(payloadOf(frame).signatures)

// biome-ignore format: a table
const SPELLINGS: readonly (readonly [string, (id: number, signatures: string) => string])[] = [
  ['order of members', (id, signatures) => `{"signatures":${signatures},"transactionId":${id}}`],
  ['white space', (id, signatures) => `{ "transactionId" :\t${id} ,\n"signatures": ${signatures} }`],
  ['form of a number', (id, signatures) => `{"transactionId":${id}.0e0,"signatures":${signatures}}`],
  ['escapes', (id, signatures) => `{"transaction\\u0049d":${id},"signatures":${signatures}}`],
]

for (const [what, write] of SPELLINGS) {
  test(`A08: the middle changes the ${what}, which means the same: it is obeyed as it was signed`, async () => {
    const { sides, frame, isDone } = await kept()
    const { transactionId: id } = payloadOf(frame)
    sendText(sides.strict, frame, write(Number(id), signaturesText(frame)))
    await until('the command', () => isDone(sides.strict))
  })
}

// biome-ignore format: a table
const AMBIGUOUS: readonly (readonly [string, (id: number, signatures: string) => string])[] = [
  ['a member stands twice', (id, signatures) => `{"transactionId":${id},"transactionId":${id + 1},"signatures":${signatures}}`],
  ['half a surrogate pair', (id, signatures) => `{"transactionId":${id},"customData":{"vendorId":"\\ud800"},"signatures":${signatures}}`],
  ['an integer is too large to be exact', (_, signatures) => `{"transactionId":9007199254740993,"signatures":${signatures}}`],
  ['a member is called __proto__', (id, signatures) => `{"__proto__":{"transactionId":1},"transactionId":${id},"signatures":${signatures}}`],
  ['a number is not finite', (_, signatures) => `{"transactionId":1e400,"signatures":${signatures}}`],
]

async function refusedByBoth(write: (id: number, signatures: string) => string) {
  const { sides, frame, isDone } = await kept()
  const { transactionId: id } = payloadOf(frame)
  const text = write(Number(id), signaturesText(frame))
  for (const side of [sides.open, sides.strict]) {
    await refusalAt(side.node, () => sendText(side, frame, text), 'ERR_SCHEMA_JSON')
    assert.equal(isDone(side), false)
  }
}

for (const [what, write] of AMBIGUOUS) {
  test(`T12: what two parsers read differently is refused before anything else, whatever the policy: ${what}`, () => refusedByBoth(write)) // biome-ignore format: one line
}

test('A08: a second value is written beside the signed one under the same name', () =>
  refusedByBoth((id, signatures) => `{"transactionId":${id},"signatures":${signatures},"transactionId":${id + 1}}`)) // biome-ignore format: one line

test('T12: members that a signer did not write are covered by its signature: none can be added or left out', async () => {
  const { sides, frame, isDone } = await kept()
  const added = frame.with(PAYLOAD, { ...payloadOf(frame), customData: { vendorId: 'org.example', force: true } }) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame: added, reason: 'signature-invalid', isDone })
})

test('T20: nine signatures are refused by their number, and a flood of bad ones keeps no good command out', async () => {
  const { sides, frame, isDone } = await kept()
  const [entry] = entriesOf(frame)
  const nine = frame.with(PAYLOAD, { ...payloadOf(frame), signatures: Array(9).fill(entry) })
  await obeyedThenRefused(sides, { frame: nine, reason: 'too-many-entries', isDone })
  const { strict } = sides
  const flood = 300
  const counted = () => metric(strict.node.console, 'wattweave_refused_total', 'code="ERR_POLICY_REFUSED"') // biome-ignore format: one line
  const before = await counted()
  const bad = withEntries(frame, (one) => ({ ...one, value: Buffer.alloc(64, 1).toString('base64url') })) // biome-ignore format: one line
  for (let i = 0; i < flood; i++) deliver(strict, bad.with(3, `flood-${i}`))
  await command(strict, 'CS01', 'ClearCache', {})
  await until('the good one', () => timesDone(strict, 'ClearCache') === 1)
  await until('all bad ones to be refused', async () => (await counted()) === before + flood)
})
