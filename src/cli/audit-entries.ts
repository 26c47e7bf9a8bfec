import type { NodeEvent } from '../node/core.ts'
import type { ToldDocument } from '../node/management-messages.ts'
import { FORGED, NOT_LET_IN } from '../roles/networking-node/security-events.ts'
import { stripSignatures } from '../security/carriers.ts'
import { keyRecordPayload, readRevocationList } from '../security/keys/key-record.ts'
import { changedDocuments } from '../security/policies/activation.ts'
import type { TrustStore } from '../storage/trust-store.ts'
import type { JsonObject } from '../wire/payload.ts'

/** An entry to be. */
export interface Said {
  readonly event: string
  readonly details: JsonObject
}

/** One that strangers can cause. */
export interface Stranger extends Said {
  /** By what it is the same as another one. */
  readonly kind: string
  /** Over which link, or from where, it comes. */
  readonly group: string
}

const MAX_TEXT = 255
const MAX_KIDS = 100
const NO_RULES = { policies: [], roles: [] }

/** What of the events of a node stands in its audit log, where anybody can cause it. */
export function strangersEntry(event: NodeEvent): Stranger | undefined {
  switch (event.name) {
    case 'frame.refused': {
      const { link, code, source = '', trace, details } = event
      if (!FORGED.has(code)) return undefined
      const reason = typeof details.reason === 'string' ? details.reason : code
      return stranger(event.name, link, [source, reason], { reason, code, source, link, trace })
    }
    case 'link.refused': {
      const {
        id,
        status,
        why,
        address = '',
      } = event as typeof event & { readonly address?: string }
      if (!NOT_LET_IN.has(status)) return undefined
      return stranger(event.name, address, [id, why], { id, status, why, address })
    }
    case 'message.alerted': {
      const { name, ...details } = event
      // In a group of its own: whoever is refused all the time must not hide what was let through.
      const { link, source, rule, reason } = details
      return stranger(name, `${link} alerted`, [source, rule, reason], details)
    }
    case 'trust.refused': {
      const { by, what, problem } = event
      return stranger(event.name, by, [what, problem], { by, what, problem })
    }
    case 'password.changed':
    case 'password.expected':
      return stranger(event.name, event.station, [], { station: event.station })
    default:
      return undefined
  }
}

/** What of them always stands there: only who is believed, or this node, can cause it. */
export class TrustedEntries {
  readonly #trust: TrustStore
  /** Key records as they were, so that who is told the same again changes nothing. */
  readonly #keys = new Map<string, string>()
  #revoked: ReadonlySet<string>
  #listVersion: number | undefined

  constructor(trust: TrustStore) {
    this.#trust = trust
    for (const record of trust.directory.records()) this.#isNew(record.key.kid)
    const list = this.#revocations()
    this.#revoked = new Set(list?.revoked.map(({ kid }) => kid))
    this.#listVersion = list?.version
  }

  /** What holds at the start, and whose keys count: files may have been changed while nothing ran. */
  atStart(): JsonObject {
    const { active } = this.#trust.rules
    const records = this.#trust.directory.records()
    const keys = records.slice(0, MAX_KIDS).map(({ key, owner, roles }) => ({ kid: key.kid, owner, roles })) // biome-ignore format: one line
    return { documents: changedDocuments(NO_RULES, active), keyCount: records.length, keys }
  }

  of(event: NodeEvent): Said | undefined {
    switch (event.name) {
      case 'rules.changed': {
        const { by, trialEndsAt } = event
        return said(event.name, { by, trialEndsAt, documents: event.documents.map((one) => this.#whole(one)) }) // biome-ignore format: one line
      }
      case 'rules.confirmed':
      case 'rules.rolled-back':
        return said(event.name, { documents: event.documents })
      case 'node.commissioned':
      case 'node.entitled':
      case 'node.joined':
      case 'station.edge-changed':
      case 'command.proposed':
      case 'command.seconded':
      case 'command.vetoed':
      case 'command.executed': {
        const { name, ...details } = event
        return said(name, details)
      }
      case 'key.added': {
        const { by, kid, owner, roles } = event
        return this.#isNew(kid) ? said(event.name, { by, kid, owner, roles }) : undefined
      }
      case 'revocations.stale':
        return said(event.name, { version: event.version, since: event.since })
      case 'keys.revoked':
        return this.#revokedBy(event.by)
      default:
        return undefined
    }
  }

  /** The document as it holds now, after which nobody has to ask what a version said. */
  #whole({ kind, name, version, digest }: ToldDocument): JsonObject {
    const { policies, roles } = this.#trust.rules.active
    const document = (kind === 'policy' ? policies : roles).find((one) => one.name === name)
    return defined({ kind, name, version, digest, document })
  }

  #revokedBy(by: string): Said | undefined {
    const list = this.#revocations()
    if (!list || list.version === this.#listVersion) return undefined
    const kids = list.revoked.map(({ kid }) => kid).filter((kid) => !this.#revoked.has(kid))
    this.#revoked = new Set(list.revoked.map(({ kid }) => kid))
    this.#listVersion = list.version
    return said('keys.revoked', { by, version: list.version, count: list.revoked.length, kids: kids.slice(0, MAX_KIDS) }) // biome-ignore format: one line
  }

  #revocations() {
    const list = readRevocationList(stripSignatures(this.#trust.signedRevocations() ?? {}))
    return typeof list === 'string' ? undefined : list
  }

  /** Whether the record of a key says something else than when this was asked before. */
  #isNew(kid: string): boolean {
    const record = this.#trust.directory.records().find(({ key }) => key.kid === kid)
    const text = record ? JSON.stringify(keyRecordPayload(record)) : ''
    const isNew = this.#keys.get(kid) !== text
    this.#keys.set(kid, text)
    return isNew
  }
}

function stranger(
  event: string,
  group: string,
  kind: readonly string[],
  details: Readonly<Record<string, unknown>>,
): Stranger {
  return { ...said(event, details), group, kind: JSON.stringify([event, group, ...kind]) }
}

function said(event: string, details: Readonly<Record<string, unknown>>): Said {
  return { event, details: defined(details) }
}

/** Without what is not there; texts of others as short as they have to be, and such that can be signed. */
function defined(details: Readonly<Record<string, unknown>>): JsonObject {
  const entries = Object.entries(details).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? clipped(value) : value]),
  ) as JsonObject
}

function clipped(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed()
}
