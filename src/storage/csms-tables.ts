import type { Generated } from 'kysely'
import { queriesFor } from './queries.ts'

/** The tables of a CSMS that Kysely writes queries for; see `csms-schema.ts`. */
export interface CsmsTables {
  id_tokens: {
    id: Generated<number>
    id_token: string
    type: string
    status: 'Accepted' | 'Blocked'
    /** RFC 3339. */
    expires_at: string | null
    group_id: string | null
    note: string
    concurrent: number
    changed_at: string
  }
  operations: {
    id: string
    station: string
    protocol: string
    action: string
    request: string
    state: OperationState
    asked_by: string
    asked_at: string
    answered_at: string | null
    answer: string | null
    effect_at: string | null
    effect: string | null
    problem: string | null
  }
  transactions: {
    number: number
    station: string
    transaction_id: string
    id_token: string | null
    evse_id: number | null
    started_at: string | null
    ended_at: string | null
  }
  variables: {
    station: string
    component: string
    variable: string
    attribute: string
    value: string | null
    mutability: string | null
    characteristics: string | null
    reported_at: string
  }
  reservations: {
    station: string
    reservation_id: number
    evse_id: number | null
    id_token: string
    expires_at: string
    state: ReservationState
    changed_at: string
  }
  charging_profiles: {
    station: string
    profile_id: number
    evse_id: number
    purpose: string
    stack_level: number
    transaction_id: string | null
    source: string
    profile: string
    changed_at: string
  }
  local_lists: {
    station: string
    version: number
    changed_at: string
    known: Generated<number>
  }
  local_list_jobs: {
    station: string
    messages: number
    place: number
    operation: string | null
    problem: string | null
  }
  local_list_entries: {
    station: string
    id_token: string
    status: string
    expires_at: string | null
    group_id: string | null
  }
  security_events: {
    id: Generated<number>
    station: string
    type: string
    timestamp: string
    tech_info: string | null
    received_at: string
  }
}

/**
 * The life of an operation: `sent`, then `accepted` or `refused` by the station's own word, or
 * `failed` when there was no usable answer; an accepted one becomes `effect-seen`, or `no-effect`
 * when nothing showed it in time. `accepted` stays where an effect cannot be seen, with a problem
 * that says why.
 */
export type OperationState =
  | 'sent'
  | 'accepted'
  | 'refused'
  | 'failed'
  | 'effect-seen'
  | 'no-effect'

/** `used`: a transaction began with it; `removed`: the station had to give it up. */
export type ReservationState = 'reserved' | 'used' | 'cancelled' | 'expired' | 'removed'

export const csmsQueries = queriesFor<CsmsTables>()
