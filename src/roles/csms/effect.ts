import type { Heard } from './heard.ts'

export type Members = Record<string, unknown>

/**
 * What shows the effect, in words, or why it is not there, or why nobody can tell; undefined:
 * nothing yet.
 */
export type Verdict =
  | string
  | { readonly problem: string }
  | { readonly unreadable: string }
  | undefined

/** A connector as its station has told of it last. */
export interface Connector {
  readonly evseId: number
  readonly connectorId: number
  readonly status: string
}

/** @param connectors What the station has told of last, this time included. */
export type Seen = (
  heard: Heard,
  request: Members,
  answer: Members,
  connectors: () => readonly Connector[],
) => Verdict

/** How it is seen that a station has done what it was asked for. */
export type Effect =
  /** The answer itself is what was wanted. */
  | { readonly by: 'answer' }
  /** The station says something that shows it; the text says what. */
  | {
      readonly by: 'message'
      readonly seen: Seen
      /**
       * EVSE and connector, where one message shows the effect of one job only, the newest for that
       * place; none: the whole station.
       */
      readonly place?: readonly unknown[]
      /** What shows that it was so before, and no message will come. */
      readonly already?: (connectors: readonly Connector[]) => string | undefined
    }
  /** Asked in return, the station says the same. */
  | {
      readonly by: 'reading'
      readonly ask: (
        request: Members,
        answer: Members,
      ) => readonly [action: string, request: Members]
      /** Asked also before, as what changes is what shows it. */
      readonly isCompared?: true
      readonly seen: (reading: Members, request: Members, before: Members | undefined) => Verdict
      /** What the station says after that reading, when the reading itself shows nothing yet. */
      readonly later?: (heard: Heard) => Verdict
    }
  /** Nothing that a station can say shows it; where it is known why, it is not waited for. */
  | { readonly by: 'nothing'; readonly why?: string }

/** What else than the request an effect is judged by. */
export interface Known {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly is16?: boolean
  /** Of a question that is answered by reports. */
  readonly requestId?: number
  /** The station has this reservation for that place already, as far as is known. */
  readonly isRenewed?: boolean
  /** EVSEs that show the reservation that is cancelled. */
  readonly reservedEvses?: readonly number[]
  /** Profiles that the station has as far as is known, and which of them are cleared. */
  readonly profiles?: readonly KnownProfile[]
  /** EVSEs that the station has told of; 0 is the station. */
  readonly evses?: readonly number[]
}

export interface KnownProfile {
  readonly evseId: number
  /** In the form of the station's version. */
  readonly profile: unknown
  readonly isCleared: boolean
}

export const ANSWER: Effect = { by: 'answer' }
export const NOTHING: Effect = { by: 'nothing' }
