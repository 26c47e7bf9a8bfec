import type { Protocol } from '../../messages/protocols.ts'
import type { Scalar } from '../../wire/comparisons.ts'
import type { OneOrMore } from '../../wire/document-checks.ts'
import type { Kind } from '../../wire/frame.ts'

/** What a rule does with the frames it matches; from the strongest to the weakest. */
export const EFFECTS = ['reject', 'drop', 'replace', 'forward'] as const

export type FilterEffect = (typeof EFFECTS)[number]

/**
 * What must be true of one value of the payload; of several comparisons all. Texts are compared
 * as ids are, with A–Z folded: OCPP's identifiers have no case, and a rule must not be evaded by it.
 */
export interface PayloadCondition {
  /** RFC 6901; beyond it, `*` stands for every item of an array. */
  readonly pointer: string
  readonly equals?: Scalar
  readonly in?: readonly Scalar[]
  /** Text with the wildcards `*` (any run) and `?` (one UTF-16 unit). */
  readonly matches?: string
  /** A number, or a text that is a decimal number: OCPP 1.6 writes meter values so. */
  readonly greaterThan?: number
  readonly lessThan?: number
  readonly exists?: boolean
}

/** What a rate counts apart. */
export const RATE_KEYS = ['source', 'from', 'destination', 'rule'] as const

/** At most `count` frames per `perSeconds`; the rule matches those beyond it. */
export interface Rate {
  readonly count: number
  readonly perSeconds: number
  readonly by: (typeof RATE_KEYS)[number]
}

/** All members that are given must match; of a list, one entry. */
export interface FilterMatch {
  readonly kind?: OneOrMore<Kind>
  /** Of an answer: the action it answers. Exact, with `*`. */
  readonly action?: OneOrMore<string>
  /** First entry of the path. Ids and links: A–Z folded, with `*`. */
  readonly source?: OneOrMore<string>
  /** Any entry of the path. */
  readonly via?: OneOrMore<string>
  /** The final destination: a node, service or group. */
  readonly destination?: OneOrMore<string>
  /** The link the frame came in on. */
  readonly from?: OneOrMore<string>
  /** The link it would leave on. */
  readonly to?: OneOrMore<string>
  readonly payload?: readonly PayloadCondition[]
  /** Bytes of the whole frame. */
  readonly largerThan?: number
  readonly rate?: Rate
}

/** Sets a member, or removes it. A place that the payload does not have stays missing. */
export type Replacement =
  | { readonly pointer: string; readonly value: unknown }
  | { readonly pointer: string; readonly remove: true }

/**
 * One rule of a filter.
 *
 * @spec docs/filters.md
 */
export interface FilterRule {
  /** 1–50 printable characters, its own among the rules. */
  readonly name: string
  readonly effect: FilterEffect
  readonly match?: FilterMatch
  /** Of reject: what the sender is told, up to 255 characters. Default: made from the name. */
  readonly reason?: string
  /** Of replace: what is changed, in order. */
  readonly replace?: readonly Replacement[]
}

/** A frame as filters see it. */
export interface FilterSubject {
  readonly kind: Kind
  /** Of an answer: the action it answers. Empty when that is not known: then any action may be meant. */
  readonly action: string
  readonly source: string
  readonly networkPath: readonly string[]
  readonly destination: string
  readonly from: string
  readonly to: string
  /** The payload, of errors the details. */
  readonly payload: Uint8Array
  /** Length of the whole frame. */
  readonly bytes: number
  /** A binary frame: its payload is not read. */
  readonly isBinary: boolean
  /** Version of the payload; undefined when not known. */
  readonly protocol: Protocol | undefined
  /** The frame as it arrived: what goes to several links is one frame, and counts once in a rate. */
  readonly arrival?: object
}

export interface Reject {
  readonly effect: 'reject'
  readonly rule: string
  /** For the sender. */
  readonly reason: string
}

export interface Drop {
  readonly effect: 'drop'
  readonly rule: string
}

export interface Replace {
  readonly effect: 'replace'
  /** The whole payload, written anew. */
  readonly payload: Uint8Array
  /** The rules that changed something, in order. */
  readonly rules: readonly string[]
  /** Whether the payload itself says that it was changed. */
  readonly marked: boolean
}

/** What becomes of a frame; undefined: it goes on as it is. */
export type FilterVerdict = Reject | Drop | Replace | undefined

/** What a rule has done since it was compiled, in frames. */
export interface RuleStatistics {
  readonly rule: string
  readonly effect: FilterEffect
  /** Frames that met every condition. */
  readonly matched: number
  /** Frames this rule decided about. */
  readonly rejected: number
  readonly dropped: number
  readonly replaced: number
}
