/**
 * Management over OCPP: policies, user roles, key records and revocation lists of a node, asked for
 * and changed by messages. They come here only through the gate.
 *
 * @spec docs/security.md; docs/vendor-extensions.md
 */
import type { Clock } from '../primitives/clock.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { Added, Entitled, Revoked } from '../security/keys/key-directory.ts'
import { revocationsIn } from '../security/keys/revocation-lists.ts'
import type { ActivationState, ChangeContext, Changed, RuleChange } from '../security/policies/activation.ts' // biome-ignore format: one line
import type { PolicyFacts } from '../security/policies/facts.ts'
import type { TrialEnd, TrustStatement } from '../storage/trust-store.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { NodeEvent } from './core.ts'
import { addEntitlement, entitlements } from './entitlement-management.ts'
import type { AnyHandler } from './handlers.ts'
import { addKeyRecord, keyRecords, revocationList, updateRevocationList } from './key-management.ts'
import type { ManagementAction, ManagementMessages, ManagementResponse } from './management-messages.ts' // biome-ignore format: one line
import { changeRules, rulesOf, toldDocument } from './rule-management.ts'
import type { Trust } from './security-gate.ts'

/** A trust that can be changed while the node runs; the `TrustStore` is one. */
export interface ManagedTrust extends Trust {
  readonly rules: ActivationState
  signedRecords(): readonly JsonObject[]
  signedRevocations(): JsonObject | undefined
  /** What this node did not hear from another one, in the order in which others can take it. */
  ownStatements(): readonly TrustStatement[]
  /** @param from The node that pushed it here. */
  addRecord(payload: JsonObject, from?: string): Added
  revoke(payload: JsonObject, from?: string): Revoked
  signedEntitlements(): readonly JsonObject[]
  entitle(payload: JsonObject, from?: string): Entitled
  change(changes: readonly RuleChange[], context: Omit<ChangeContext, 'nowS'>): Changed
  /** What `change` would come to; nothing is changed. */
  tryChange(changes: readonly RuleChange[], context: Omit<ChangeContext, 'nowS'>): Changed
  onTrialEnd(listener: (end: TrialEnd) => void): () => void
}

/** Whether what a node believes and obeys can be changed by messages. */
export function isManaged(trust: Trust | undefined): trust is ManagedTrust {
  return trust !== undefined && 'change' in trust && 'addRecord' in trust
}

/** The node around the management. */
export interface ManagementSite {
  readonly nodeId: NodeId
  readonly clock: Clock
  readonly trust: ManagedTrust
  /** What was obeyed lately. */
  recent(): readonly PolicyFacts[]
  emit(event: NodeEvent): void
}

type Handle = (site: ManagementSite, request: never, by: string | undefined) => ManagementResponse

const HANDLERS: { readonly [A in ManagementAction]: Handle } = {
  AddSignaturePolicy: changeRules('policy', 'signaturePolicy'),
  UpdateSignaturePolicy: changeRules('policy', 'signaturePolicy'),
  DeleteSignaturePolicy: changeRules('policy', undefined),
  GetSignaturePolicies: rulesOf('policy', 'signaturePolicies'),
  AddUserRole: changeRules('role', 'userRole'),
  UpdateUserRole: changeRules('role', 'userRole'),
  DeleteUserRole: changeRules('role', undefined),
  GetUserRoles: rulesOf('role', 'userRoles'),
  AddKeyRecord: addKeyRecord,
  GetKeyRecords: keyRecords,
  UpdateRevocationList: updateRevocationList,
  GetRevocationList: revocationList,
  AddEntitlement: addEntitlement,
  GetEntitlements: entitlements,
}

/** Answers management messages, and sees to it that what nobody confirms or renews in time is told. */
export class Management {
  readonly #site: ManagementSite
  #unsubscribe = () => {}
  /** The revocation list that was told to be out of date. */
  #staleVersion: number | undefined

  constructor(site: ManagementSite) {
    this.#site = site
  }

  /** To be registered for every version of OCPP: the messages mean the same beside each. */
  handlers(): ReadonlyMap<string, AnyHandler> {
    const entries = Object.entries(HANDLERS) as [ManagementAction, Handle][]
    return new Map(
      entries.map(([action, handle]) => [
        action,
        (request, { source }) => handle(this.#site, request as never, source),
      ]),
    )
  }

  /**
   * The same for the operator of this very node, who has proved elsewhere who it is: nothing is
   * verified here.
   *
   * @param request Valid by the schema of its action.
   */
  handle<A extends ManagementAction>(action: A, request: ManagementMessages[A]['request']) {
    const handle: Handle = HANDLERS[action]
    return handle(this.#site, request as never, undefined) as ManagementMessages[A]['response']
  }

  start(): void {
    const { trust, emit } = this.#site
    this.#unsubscribe = trust.onTrialEnd(({ outcome, documents }) =>
      emit({ name: `rules.${outcome}`, documents: documents.map(toldDocument) }),
    )
    this.sweep()
  }

  /** Rules that nobody confirmed in time go, and that is told, also where nobody asks for anything. */
  sweep(): void {
    void this.#site.trust.rules
    this.#tellStale()
  }

  /** Once of each list: nobody has said in time what was revoked since. */
  #tellStale(): void {
    const { trust, clock, emit } = this.#site
    const state = trust.directory.revocations(clock.now() / 1_000)
    if (state !== 'stale' && state !== 'overdue') return
    const list = revocationsIn(trust.signedRevocations() ?? {})
    if (typeof list === 'string' || list.version === this.#staleVersion) return
    this.#staleVersion = list.version
    emit({ name: 'revocations.stale', version: list.version, since: new Date(list.nextUpdate * 1_000).toISOString() }) // biome-ignore format: one line
  }

  stop(): void {
    this.#unsubscribe()
  }
}
