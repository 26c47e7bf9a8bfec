import type { Clock, Timer } from '../../primitives/clock.ts'
import { isSameId, type NodeId } from '../../primitives/ids.ts'
import type { StandingAttack, Target } from './attacks.ts'
import type { Attempt, MaliciousController, RecordedFrame } from './malicious-controller.ts'

/** What a demonstration shows, each as often as it is caught. */
export const DEMONSTRATED = ['alter', 'replay', 'redirect', 'strip', 'forge', 'drop'] as const
export type DemonstratedAttack = (typeof DEMONSTRATED)[number]

/** One thing that was tried on what a station says to its CSMS. */
export interface ToldAttempt {
  readonly attack: DemonstratedAttack
  /** For people. */
  readonly what: string
  readonly action: string
  /** Whose words they were, or were said to be. */
  readonly from: string
  /** Of the frames that were sent, or kept back. */
  readonly messageIds: readonly string[]
  /** Milliseconds since 1970. */
  readonly time: number
}

export interface DemonstrationOptions {
  /** Whose words are attacked. */
  readonly station: NodeId
  /** To whom they are led instead of the CSMS. */
  readonly elsewhere: NodeId
  readonly clock: Clock
  readonly tell: (attempt: ToldAttempt) => void
}

/** Between two attempts of a kind: what was refused is told again meanwhile, so nothing gets lost. */
const REST_MS = 4_000
/** Heartbeats are rare, and each attack is to leave some for the others. */
const REST_AFTER_REDIRECT_MS = 25_000
/** A CALL that is kept back blocks its station for 30 s, as OCPP has it. */
const REST_AFTER_DROP_MS = 45_000

const RESTS: { readonly [A in DemonstratedAttack]?: number } = {
  drop: REST_AFTER_DROP_MS,
  redirect: REST_AFTER_REDIRECT_MS,
}

/** What says something about now. Of transactions the CSMS itself knows what it has heard before. */
const LIVE: readonly string[] = ['Heartbeat', 'StatusNotification']

/** Attacks that are switched on and off, and go on until then, a little at a time. */
export class Demonstration {
  readonly #controller: MaliciousController
  readonly #options: DemonstrationOptions
  /** How to end those that are on. */
  readonly #on = new Map<DemonstratedAttack, { off: () => void; timer?: Timer }>()

  constructor(controller: MaliciousController, options: DemonstrationOptions) {
    this.#controller = controller
    this.#options = options
    controller.onAttempt((attempt) => this.#onAttempt(attempt))
  }

  switch(attack: DemonstratedAttack, isOn: boolean): void {
    if (isOn === this.#on.has(attack)) return
    if (isOn) return this.#arm(attack)
    const { off, timer } = this.#on.get(attack) ?? {}
    this.#on.delete(attack)
    timer?.cancel()
    off?.()
  }

  #arm(attack: DemonstratedAttack): void {
    const standing = this.#standing(attack)
    this.#on.set(attack, { off: standing ? this.#controller.switchOn(standing) : () => {} })
    if (standing) return
    if (attack === 'replay') this.#replay()
    else this.#forge()
    this.#rest(attack, REST_MS)
  }

  #rest(attack: DemonstratedAttack, ms: number): void {
    this.#on.get(attack)?.off()
    const timer = this.#options.clock.setTimer(() => this.#arm(attack), ms)
    this.#on.set(attack, { off: () => {}, timer })
  }

  /** What is done to the next frame that fits; undefined of what is made and not changed. */
  #standing(attack: DemonstratedAttack): StandingAttack | undefined {
    const { station, elsewhere } = this.#options
    const of = (...actions: string[]): Target => ({ kinds: ['CALL'], from: [station], actions }) // biome-ignore format: one line
    switch (attack) {
      case 'alter':
        // A tenth of the energy, for a tenth of the money.
        return { attack, pointer: '/meterValue/*/sampledValue/*/value', factor: 0.1, on: of('TransactionEvent') } // biome-ignore format: one line
      case 'redirect':
        return { attack, to: elsewhere, on: of(...LIVE) }
      case 'strip':
        return { attack, on: of('TransactionEvent') }
      case 'drop':
        return { attack, on: of('TransactionEvent') }
      default:
        return undefined
    }
  }

  /** What was answered has been obeyed; what another attack kept away has not come at all yet. */
  #replay(): void {
    const { recorded } = this.#controller
    const answered = new Set(recorded.flatMap(({ frame }) => (frame.type === 3 ? [frame.messageId] : []))) // biome-ignore format: one line
    const isObeyed = ({ frame, action }: RecordedFrame) =>
      frame.type === 2 &&
      LIVE.includes(action) &&
      isSameId(frame.route?.networkPath[0] ?? '', this.#options.station) &&
      answered.has(frame.messageId)
    const last = recorded.findLast(isObeyed)
    if (last) this.#controller.replay(last.sequence, { isRenamed: true })
  }

  #forge(): void {
    const { station, clock } = this.#options
    const timestamp = new Date(clock.now()).toISOString()
    const payload = { timestamp, connectorStatus: 'Faulted', evseId: 1, connectorId: 1 }
    const isHis = ({ frame }: RecordedFrame) => isSameId(frame.route?.networkPath[0] ?? '', station)
    const path = this.#controller.recorded.findLast(isHis)?.frame.route?.networkPath.slice(1) ?? []
    this.#controller.forge({ type: 2, from: station, to: 'CSMS', action: 'StatusNotification', payload, path }) // biome-ignore format: one line
  }

  #onAttempt({ attack, recorded, what, sent }: Attempt): void {
    const shown = DEMONSTRATED.find((one) => one === attack)
    if (!shown) return
    const messageIds = sent.length > 0 ? sent.map(messageIdOf) : [recorded?.frame.messageId ?? '']
    const action = recorded?.action ?? 'StatusNotification'
    this.#options.tell({
      attack: shown,
      what,
      action,
      from: this.#options.station,
      messageIds,
      time: this.#options.clock.now(),
    })
    if (!this.#on.has(shown) || shown === 'replay' || shown === 'forge') return
    this.#rest(shown, RESTS[shown] ?? REST_MS)
  }
}

function messageIdOf(bytes: Uint8Array): string {
  return String((JSON.parse(Buffer.from(bytes).toString()) as unknown[])[3])
}
