import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { plainAction } from '../security/signed-message.ts'
import type { LinkSource } from '../transport/link.ts'
import type { LinkCarrier } from './carrying.ts'

/**
 * What an uplink is to the stations behind a node that has several. Per station and action exactly
 * one is primary: its answers reach the station, and it alone commands. Others get copies, and
 * their answers end at the node.
 *
 * @spec docs/overlay.md section 8
 */
export interface UplinkRule {
  /** Names it in logs and metrics. */
  readonly name: string
  /** `mirror`: copies of all that stations ask. `restricted`: only what its lists name. */
  readonly role: 'primary' | 'mirror' | 'restricted'
  /** Which stations it is for. Default: all. */
  readonly includes?: (station: NodeId) => boolean
  /** Actions of stations it gets; default as the role says. */
  readonly up?: ReadonlySet<string>
  /** Actions it may ask stations for; default as the role says. */
  readonly down?: ReadonlySet<string>
  /** Let it move stations to another address or security profile. Default false. */
  readonly allowsNetworkChanges?: boolean
  /** How its connections in the names of stations bear signatures. Default `strip`. */
  readonly carrier?: LinkCarrier
}

/** An upstream that speaks only standard OCPP: one ordinary connection per station. */
export interface PerStationUplink {
  readonly rule: UplinkRule
  /**
   * A source of the one connection in a station's name and version; it dials when started.
   *
   * @param failures How many attempts in a row have failed before, for its back-off.
   */
  open(station: NodeId, protocol: Protocol, failures?: number): LinkSource
  /** How long it waits after so many failures in a row, in ms. Default: not at all. */
  waitMs?(failures: number): number
}

/** In a list of actions: all of them. */
export const ANY_ACTION = '*'

/** The rule whose uplink answers this station's action; undefined when no rule says. */
export function primaryRule(
  rules: readonly UplinkRule[],
  station: NodeId,
  action: string,
): UplinkRule | undefined {
  return rules.find(
    (rule) => rule.role === 'primary' && isFor(rule, station) && lists(rule.up, action, true),
  )
}

/** The rules whose uplinks get a copy of what the primary gets. */
export function copyRules(
  rules: readonly UplinkRule[],
  station: NodeId,
  action: string,
): UplinkRule[] {
  return rules.filter(
    (rule) =>
      rule.role !== 'primary' &&
      isFor(rule, station) &&
      lists(rule.up, action, rule.role === 'mirror'),
  )
}

/** Whether an uplink may hear this of a station: none but a primary's answer ever reaches it. */
export function mayHear(rule: UplinkRule, station: NodeId, action: string): boolean {
  return isFor(rule, station) && lists(rule.up, action, rule.role !== 'restricted')
}

/** Whether an uplink may ask a station for this: the first primary, or whose list says so. */
export function mayCommand(
  rules: readonly UplinkRule[],
  rule: UplinkRule,
  station: NodeId,
  action: string,
): boolean {
  if (!isFor(rule, station)) return false
  if (rule.down) return lists(rule.down, action, false)
  return rules.find((one) => one.role === 'primary' && isFor(one, station)) === rule
}

export function isFor(rule: UplinkRule, station: NodeId): boolean {
  return rule.includes?.(station) ?? true
}

function lists(list: ReadonlySet<string> | undefined, action: string, otherwise: boolean): boolean {
  if (list === undefined) return otherwise
  return list.has(plainAction(action) ?? action) || list.has(ANY_ACTION)
}
