import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Admissions, type Claim } from '../../src/transport/admission.ts'
import { formatBasic, Secret } from '../../src/transport/credentials.ts'
import { networkOf } from '../../src/transport/network-of.ts'
import { storePassword } from '../../src/transport/passwords.ts'
import { SlowLine } from '../../src/transport/slow-line.ts'

/** A line whose computations end when the test says so. */
function line() {
  const slow = new SlowLine()
  const running: { of: string; end: () => void }[] = []
  const results: string[] = []
  const enter = (of: string) =>
    void slow
      .compute(of, () => new Promise<void>((end) => running.push({ of, end })))
      .then(() => results.push(of))
  return { slow, running, results, enter }
}

test('two are computed at once, the others in their order', async () => {
  const { running, enter } = line()
  for (const who of ['a', 'b', 'c', 'd']) enter(who)
  await settle()
  assert.deepEqual(running.map(({ of }) => of), ['a', 'b']) // biome-ignore format: one line
  running[1]?.end()
  await settle()
  assert.deepEqual(running.map(({ of }) => of), ['a', 'b', 'c']) // biome-ignore format: one line
})

test('where the line is full whoever has most in it gives way, and nobody to one that has as many', async () => {
  const { running, results, enter } = line()
  for (let i = 0; i < 102; i++) enter('crowd')
  await settle()
  enter('station')
  enter('crowd')
  await settle()
  assert.deepEqual(results, ['crowd', 'crowd'], 'the newest, and the one that came too late')
  for (let i = 0; i < 101; i++) {
    running[i]?.end()
    await settle()
  }
  assert.equal(running.at(-1)?.of, 'station')
})

const claim = (address: string, password: string): Claim => ({
  id: 'CS01' as NodeId,
  authorization: formatBasic('CS01', new Secret(password)),
  certificate: undefined,
  isTls: false,
  isOverlay: false,
  address,
  insecure: false,
})

test('attempts that are held back count: one network has no more than a few open, and the others get in', async () => {
  const clock = new VirtualClock()
  const password = new Secret(await storePassword(new Secret('right')))
  const all = new Admissions([{ id: 'CS01' as NodeId, password }], { clock })
  for (let i = 0; i < 5; i++) await all.admit(claim('192.0.2.1', 'wrong'))
  const answers: unknown[] = []
  for (let i = 0; i < 500; i++)
    void Promise.resolve(all.admit(claim('192.0.2.1', `guess ${i}`))).then((a) => answers.push(a))
  await settle()
  assert.ok(answers.length >= 490, `${answers.length} are answered at once`)
  const right = await all.admit(claim('192.0.2.7', 'right'))
  assert.ok(!('refused' in right))
  await clock.advance(60_000)
})

for (const [address, network] of [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
] as const) {
  test(`${address || 'no address'} is counted for ${network || 'none'}`, () => assert.equal(networkOf(address), network)) // biome-ignore format: one line
}
