import type { TestContext } from 'node:test'
import { client, type RawClient } from '../../support/sockets.ts'
import { until } from '../../support/until.ts'

type Settings = Map<string, string>

/** A station of another make, which knows no signatures: it does what it is told, and keeps that. */
export class PlainStation {
  readonly id: string
  readonly socket: RawClient
  /** What it was asked and has done, in order. */
  readonly obeyed: (readonly [action: string, payload: Record<string, unknown>])[] = []
  readonly settings: Settings = new Map([['HeartbeatInterval', '300']])
  /** Answers to what it has asked, by message id. */
  readonly answers = new Map<string, unknown[]>()
  /** What it answers with in place of what it would. */
  answerWith: ((action: string) => object | undefined) | undefined
  #asked = 0

  private constructor(id: string, socket: RawClient) {
    this.id = id
    this.socket = socket
    socket.socket.on('message', (data: Buffer) => this.#heard(JSON.parse(data.toString())))
  }

  static async connect(
    t: TestContext,
    url: string,
    id: string,
    protocol = 'ocpp1.6',
  ): Promise<PlainStation> {
    return new PlainStation(id, await client(t, url, { id, protocols: [protocol] }))
  }

  async boot(): Promise<void> {
    const is16 = this.socket.socket.protocol === 'ocpp1.6'
    await this.ask('BootNotification', is16 ? { chargePointVendor: 'V', chargePointModel: 'M' } : { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }) // biome-ignore format: one line
  }

  /** Asks the CSMS, and waits for its answer. */
  async ask(action: string, payload: object): Promise<unknown[]> {
    const id = this.say(action, payload)
    await until(() => this.answers.has(id), `an answer to ${action}`)
    return this.answers.get(id) ?? []
  }

  /** Asks the CSMS. @returns The message id. */
  say(action: string, payload: object | string): string {
    const id = `${this.id}-${++this.#asked}`
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    this.socket.send(`[2,"${id}","${action}",${text}]`)
    return id
  }

  #heard([type, id, ...rest]: [number, string, ...unknown[]]): void {
    if (type === 3 || type === 4) return void this.answers.set(id, [type, ...rest])
    const [action, payload] = rest as [string, Record<string, unknown>]
    this.obeyed.push([action, payload])
    if (type !== 2) return
    const answer = this.answerWith?.(action) ?? this.#done(action, payload)
    this.socket.send(JSON.stringify([3, id, answer]))
  }

  #done(action: string, payload: Record<string, unknown>): object {
    if (action === 'ChangeConfiguration') this.settings.set(`${payload.key}`, `${payload.value}`)
    if (action === 'GetConfiguration') {
      const configurationKey = [...this.settings].map(([key, value]) => ({ key, readonly: false, value })) // biome-ignore format: one line
      return { configurationKey, unknownKey: [] }
    }
    return { status: action === 'UnlockConnector' ? 'Unlocked' : 'Accepted' }
  }
}
