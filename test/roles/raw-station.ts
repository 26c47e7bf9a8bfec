import type { TestContext } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import type { Logger } from '../../src/node/core.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import { type CsmsOptions, createCsms } from '../../src/roles/csms/csms.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import type { Link, LinkFacts, LinkSource } from '../../src/transport/link.ts'
import { createMemoryLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'
import { until } from '../support/until.ts'

/** A source whose links are plugged in by the test. */
export class Socket implements LinkSource {
  #onLink: (link: Link) => void = () => {}
  async start(onLink: (link: Link) => void): Promise<void> {
    this.#onLink = onLink
  }
  async stop(): Promise<void> {}
  plug(link: Link): void {
    this.#onLink(link)
  }
}

const random = seededRandomness(SEED)

/** A standard link: the end of the station and the end of the CSMS. */
export function standardLinks(station: string, protocol: Protocol, clock: VirtualClock) {
  const common = {
    form: 'standard',
    protocol,
    capabilities: new Set<string>(),
    transport: 'plain',
    credential: 'basic',
  } as const
  const up: LinkFacts = { ...common, peerIds: ['CSMS' as NodeId], peer: 'csms', way: 'up' }
  const down: LinkFacts = { ...common, peerIds: [station as NodeId], peer: 'station', way: 'down' }
  return createMemoryLinks(up, down, { clock, random })
}

/** A station that says exactly what the test wants it to; resolves with the answer's payload. */
export type Say = (action: string, payload: object | string) => Promise<Record<string, unknown>>

/** A CSMS that knows `TAG-1`, and what it logged. */
export async function startCsms(
  context: TestContext,
  file = ':memory:',
  more: Partial<CsmsOptions> = {},
) {
  const store = new CsmsStore(file)
  const socket = new Socket()
  const clock = new VirtualClock()
  const warnings: [string, object | undefined][] = []
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (event, fields) => void warnings.push([event, fields]),
    error: (event, fields) => void warnings.push([event, fields]),
  }
  const csms = createCsms({ nodeId: 'CSMS01', links: [socket], store, tokens: ['TAG-1'], clock, log, ...more }) // biome-ignore format: one line
  await csms.start()
  context.after(async () => {
    await csms.stop()
    store.close()
  })
  const station = (id: string, protocol: Protocol): Say => {
    const [up, down] = standardLinks(id, protocol, clock)
    const answers: unknown[][] = []
    up.attach({
      message: (bytes) => answers.push(JSON.parse(new TextDecoder().decode(bytes)) as unknown[]),
      closed: () => {},
    })
    socket.plug(down)
    let count = 0
    return async (action, payload) => {
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const messageId = `m${++count}`
      up.send(new TextEncoder().encode(`[2,"${messageId}","${action}",${text}]`), false)
      await until(() => answers.length > 0, `an answer to ${action}`)
      const [type, id, answer, ...rest] = answers.shift() ?? []
      if (type !== 3 || id !== messageId)
        throw new Error(JSON.stringify([type, id, answer, ...rest]))
      return answer as Record<string, unknown>
    }
  }
  return { store, warnings, station, csms, clock }
}
