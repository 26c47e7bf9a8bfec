/**
 * What the policies of this node say of messages that only pass it. Asked where a policy has a rule
 * that does more than let pass; otherwise a message between nodes is not even read.
 *
 * @spec docs/security.md, "Signature policies"
 */

import { OverlayError } from '../errors.ts'
import type { NodeId } from '../primitives/ids.ts'
import { isErrorType } from '../wire/frame.ts'
import { cutMember, putMember } from '../wire/member.ts'
import { alertOf } from './alerts.ts'
import { isBinaryMessage } from './binary-messages.ts'
import type { Core, RoutedFrame } from './core.ts'
import { holdFrame } from './held-back.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf } from './peer-facts.ts'
import { protocolOf } from './protocol-of.ts'
import type { SecurityGate } from './security-gate.ts'

/** A frame that is about to go on. */
export interface Passing {
  readonly from: Neighbour
  readonly to: Neighbour
  /** Of an answer: what it answers. */
  readonly action: string
  readonly destination: NodeId
  /** Sends it on, later. */
  readonly release: (frame: RoutedFrame) => void
}

/**
 * Asks the forward rules.
 *
 * @returns The frame as it goes on, with the word of this node where a rule wants it; undefined where
 *   it is held in quarantine.
 * @throws {OverlayError} ERR_POLICY_REFUSED
 */
export function judgePassing(
  node: Core,
  frame: RoutedFrame,
  passing: Passing,
): RoutedFrame | undefined {
  const { gate } = node
  if (!gate?.judgesForwarded) return frame
  const { from, to } = passing
  const { payload, type, route, errorCode: code, errorDescription: description } = frame
  const { networkPath: path } = route
  const message = {
    ...{ type, payload, path, isBinary: isBinaryMessage(frame) },
    ...{ action: passing.action, to: passing.destination, neighbour: peerOf(from), link: peerOf(to) }, // biome-ignore format: one line
    protocol: protocolOf(node, from, frame),
    carrier: from.carrier,
    ...(isErrorType(type) && { error: { code, description } }),
  }
  const { decision, attest } = gate.judgeForwarded(message, { by: node.id, prev: from.id, link: peerOf(from).proof }) // biome-ignore format: one line
  const { outcome, reason = 'no-rule' } = decision
  if (outcome === 'quarantine') {
    holdFrame(node, frame, { ...passing, reason }, passing.release)
    return undefined
  }
  if (outcome !== 'accept' && outcome !== 'allow-and-alert') {
    throw new OverlayError('ERR_POLICY_REFUSED', { reason, ...(outcome !== 'reject' && { outcome }) }) // biome-ignore format: one line
  }
  const alert = alertOf(decision, { ...passing, link: from.label, source: path[0] })
  if (alert) node.emit(alert)
  // At an edge the node says so anyway, and in the form that the link bears.
  if (!attest || !from.isOverlay || !to.isOverlay) return frame
  const { origin: _, ...rest } = frame
  return { ...rest, payload: withEntries(payload, attest()) }
}

type Attesting = ReturnType<SecurityGate['judgeForwarded']>['attest']

function withEntries(payload: Uint8Array, entries: ReturnType<NonNullable<Attesting>>): Uint8Array {
  return entries ? putMember(cutMember(payload, 'signatures'), 'signatures', entries) : payload
}
