/**
 * Sends 100 000 bad inputs to a site in this process and prints by how much its memory grew.
 * Started by bad-input.test.ts with `--expose-gc`; with the argument `names` each input names
 * nodes that nobody has heard of before, with `secured` the nodes sign.
 */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { startSecuredSite, startSite } from '../support/site.ts'
import { basic, OVERLAY } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { BAD_INPUTS, CLOSING_INPUTS } from './bad-frames.ts'

/** By then what is kept of each message, but bounded, is nearly full: logs, answers, signed messages. */
const WARM_UP = 40_000
const REPETITIONS = 100_000
const BATCH = 500
const MEASUREMENTS = 20
/** Larger ones are sent now and then only, so that this takes seconds. */
const LARGE = 5_000

/** Of each batch: calls that are answered twice and by the wrong peers, and links lost. */
const EXCHANGES = 10
const CLOSINGS = 5
/** And long CALLs in order: of what is answered nothing may stay but its ids. */
const LONG_CALLS = 2
const LONG = 'x'.repeat(100_000)

const [, , mode] = process.argv
const isSecured = mode === 'secured'
const site = await (isSecured ? startSecuredSite : startSite)(
  'CS01',
  'CS16',
  'CS21',
  'LKS66',
  'LC67',
)
const attackers = {
  LKS66: await attacker('LKS66', 'ocpp2.1', OVERLAY),
  CS16: await attacker('CS16', 'ocpp1.6'),
  CS21: await attacker('CS21', 'ocpp2.1'),
}
type Attacker = keyof typeof attackers

/** Bad input whose ids are new each time: what is remembered about it must be bounded. */
const FRESH: readonly [Attacker, (n: number) => string][] = [
  ['LKS66', (n) => `[3,"CSMS01",["X${n}","LKS66"],"${n}",{}]`],
  ['LKS66', (n) => `[2,"NOWHERE${n}",["Y${n}","LKS66"],"${n}","X",{}]`],
  ['LKS66', (n) => `[2,"CSMS",["Z${n}"],"${n}","X",{}]`],
  ['CS16', (n) => `[2,"${n}","Action${n}",{}]`],
  ['CS21', (n) => `[3,"${n}",{}]`],
]
const long = (name: string, n: number) => `${name}${n}-`.padEnd(250, 'x')
const NAMES: readonly [Attacker, (n: number) => string][] = [
  ['LKS66', (n) => `[3,"CSMS01",["${long('A', n)}","${long('B', n)}","LKS66"],"1",{}]`],
  ['LKS66', (n) => `[6,"${long('C', n)}",["${long('D', n)}","LKS66"],"1","X",{}]`],
]
const MIX = [...BAD_INPUTS.map(({ from, message }) => [from, message] as const), ...FRESH]
type Message = readonly [Attacker, (n: number) => string | Uint8Array]
const messages: readonly Message[] = mode === 'names' ? NAMES : MIX
const small = messages.filter(([, message]) => message(0).length < LARGE)
const large = messages.filter((message) => !small.includes(message))
const sent = new Map(messages.map((message) => [message, 0]))
const closings = [...CLOSING_INPUTS]
let nextLarge = 0
let nextSmall = 0
/** Names probes of exchanges, apart from those of batches. */
let exchange = 1_000_000

await run(0, WARM_UP)
const before = await used()
await run(WARM_UP, REPETITIONS)
const grownMiB = Math.round((((await used()) - before) / 2 ** 20) * 10) / 10
for (const [one, count] of sent) if (count === 0) throw new Error(`never sent: ${one[1](0)}`)
console.log(JSON.stringify({ repetitions: REPETITIONS, grownMiB, booted: await boot() }))
for (const socket of Object.values(attackers)) socket.terminate()
await site.stop()

async function run(start: number, count: number): Promise<void> {
  for (let n = start; n < start + count; n += BATCH) {
    for (let i = n; i < n + BATCH; i++) {
      const isLarge = i % 50 === 0 && large.length > 0
      const one = isLarge ? large[nextLarge++ % large.length] : small[nextSmall++ % small.length]
      if (!one) continue
      sent.set(one, (sent.get(one) ?? 0) + 1)
      const [from, message] = one
      attackers[from].send(message(i), { binary: typeof message(i) !== 'string' })
    }
    await Promise.all(Object.entries(attackers).map(([id, socket]) => probe(socket, id, n)))
    if (messages === NAMES) continue
    for (let i = 0; i < EXCHANGES; i++) await answerBadly()
    for (let i = 0; i < CLOSINGS; i++) await loseLink(n / BATCH)
    for (let i = 0; i < LONG_CALLS; i++) await askMuch(`long ${n} ${i}`)
  }
}

/** A call of the CSMS whose answer comes from two wrong links, and then three times. */
async function answerBadly(): Promise<void> {
  const called = heard(attackers.CS16, (text) => text.startsWith('[2,'))
  const answer = site.csms.call('CS16', 'ocpp1.6', 'ClearCache', {})
  const [, id] = JSON.parse(await called) as [number, string]
  attackers.CS21.send(`[3,"${id}",{"status":"Rejected"}]`)
  attackers.LKS66.send(`[3,"CSMS01",["LKS66"],"${id}",{"status":"Rejected"}]`)
  await Promise.all((['CS21', 'LKS66'] as const).map((by) => probe(attackers[by], by, exchange++)))
  attackers.CS16.send(`[3,"${id}",{"status":"Accepted"}]`)
  attackers.CS16.send(`[3,"${id}",{"status":"Rejected"}]`)
  attackers.CS16.send(`[4,"${id}","GenericError","",{}]`)
  if ((await answer).status !== 'Accepted') throw new Error('a wrong answer counted')
}

async function askMuch(id: string): Promise<void> {
  const answered = heard(attackers.CS16, (text) => text.includes(`"${id}"`))
  attackers.CS16.send(`[2,"${id}","DataTransfer",{"vendorId":"V","data":"${LONG}"}]`)
  const answer = await answered
  if (!answer.startsWith(`[3,"${id}"`)) throw new Error(`not answered: ${answer}`)
}

/** What costs its sender the link; the large ones now and then only. */
async function loseLink(turn: number): Promise<void> {
  const [input] = closings.splice(0, 1)
  if (!input) throw new Error('no input')
  closings.push(input)
  const message = input.message(1)
  if (message.length > LARGE && turn % 10 > 0) return
  const socket = await attacker('LC67', 'ocpp2.1', OVERLAY)
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.send(message, { binary: !input.asText && typeof message !== 'string' })
  const [code] = (await closed) as [number]
  if (code !== input.closes) throw new Error(`${input.what}: closed with ${code}`)
}

/** Waits until what was sent before in the same class has been dealt with; the rest may come later. */
async function probe(socket: WebSocket, id: string, n: number): Promise<void> {
  const name = `probe ${n}`
  const answered = heard(socket, (text) => text.includes(`"${name}"`))
  socket.send(id === 'LKS66' ? `[2,"CSMS",["${id}"],"${name}","Heartbeat",{}]` : `[2,"${name}","Heartbeat",{}]`) // biome-ignore format: one line
  await answered
}

/** The next message of this kind: answers to what was sent before may come in between. */
function heard(socket: WebSocket, isIt: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const over = () => {
      socket.off('message', onMessage)
      socket.off('close', onClose)
    }
    const onMessage = (data: Buffer) => {
      const text = String(data)
      if (!isIt(text)) return
      over()
      resolve(text)
    }
    const onClose = () => {
      over()
      reject(new Error('the link was closed'))
    }
    socket.on('message', onMessage)
    socket.on('close', onClose)
  })
}

async function attacker(id: string, protocol: string, headers = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${site.url}${id}`, [protocol], {
    headers: { authorization: basic(id), ...headers },
    perMessageDeflate: false,
  })
  await once(socket, 'open')
  return socket
}

async function boot(): Promise<string> {
  const socket = await attacker('CS01', 'ocpp1.6')
  socket.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  const [data] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()
  return (JSON.parse(data.toString()) as [number, string, { status: string }])[2].status
}

/** What still waits to be sent is bounded by itself, and however slow this machine is it goes. */
function isQuiet(): boolean {
  return [site.node, site.csms].every((node) =>
    [...node.neighbours].every(({ link, sendStatistics }) => {
      const classes = Object.values(sendStatistics?.classes ?? {})
      return link.queuedBytes === 0 && classes.every(({ frames }) => frames === 0)
    }),
  )
}

/** Bytes in use; array buffers are part of `external`. */
async function used(): Promise<number> {
  await until(isQuiet, 'what waits to be sent')
  await Promise.all(Object.entries(attackers).map(([id, socket]) => probe(socket, id, -exchange++)))
  const { gc } = globalThis as { gc?: () => void }
  if (!gc) throw new Error('start with --expose-gc')
  let least = Number.POSITIVE_INFINITY
  // Buffers that are garbage are given back by another thread, which has to have its turn.
  for (let i = 0; i < MEASUREMENTS; i++) {
    gc()
    await setTimeout(20)
    const { heapUsed, external } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}
