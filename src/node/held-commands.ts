import { foldId } from '../primitives/ids.ts'
import type { PolicyFacts, PolicyReason, SignerFacts } from '../security/policies/facts.ts'
import { compileTwoRolesRule, executeCommand, memberOf, needsTwoRoles, type Proposal, type ProposalProblem, proposeCommand, secondCommand, type TwoRolesDocument, type TwoRolesRule, vetoCommand } from '../security/policies/two-roles.ts' // biome-ignore format: one line
import type { NodeEvent } from './core.ts'
import type { AnyHandler } from './handlers.ts'

/** Objects to a command that waits. */
export const VETO_COMMAND = 'VetoCommand'

/** The gate has taken the veto, or refused it, before anything is handled. */
export const VETO_HANDLERS: ReadonlyMap<string, AnyHandler> = new Map([
  [VETO_COMMAND, () => ({ status: 'Accepted' })],
])

/** Why a command does not take effect now. */
export interface Hold {
  readonly reason: PolicyReason
  /** Of one that waits for objections: how long that takes. */
  readonly retryAfterMs?: number
}

interface Waiting {
  readonly proposal: Proposal
  readonly action: string
  readonly to: string
}

/** Beyond these nothing is proposed any more: each is the word of a key with one of the roles. */
const MAX_WAITING = 256

// biome-ignore format: a table
const REASONS: Readonly<Record<ProposalProblem, PolicyReason>> = {
  'other-command': 'awaits-second',
  role:            'not-of-two-roles',
  'same-owner':    'awaits-second',
  'same-role':     'awaits-second',
  'not-proposed':  'not-proposed',
  'not-seconded':  'awaits-second',
  vetoed:          'vetoed',
  executed:        'not-proposed',
  'too-early':     'awaits-veto',
  expired:         'not-proposed',
}

/**
 * Commands that need two people of different roles, and time for others to object: asked for once
 * they are proposed, by somebody else seconded, and after their delay they take effect once when one
 * of them asks again. In memory: after a restart they have to be proposed anew.
 *
 * @spec docs/security.md, "Signature policies"
 */
export class HeldCommands {
  readonly #rules: readonly TwoRolesRule[]
  readonly #emit: (event: NodeEvent) => void
  /** By what is asked of whom. */
  readonly #waiting = new Map<string, Waiting>()

  /** @throws {OverlayError} ERR_POLICY_DOCUMENT */
  constructor(rules: readonly TwoRolesDocument[], emit: (event: NodeEvent) => void) {
    this.#rules = rules.map(compileTwoRolesRule)
    this.#emit = emit
  }

  /** Whether a command, or the same with other rights, takes two people. */
  isAbout(facts: PolicyFacts): boolean {
    return this.#rules.some((one) => needsTwoRoles(one, facts))
  }

  /**
   * Judges a command that policies let through.
   *
   * @param at.digest Of the payload as it was signed.
   * @param at.isNew False: the same message came before, which moves nothing on and has no effect.
   * @returns undefined: it may take effect.
   */
  judge(
    facts: PolicyFacts,
    at: { readonly digest: string; readonly nowS: number; readonly isNew: boolean },
  ): Hold | undefined {
    const { digest, nowS, isNew } = at
    const isRequest = facts.kind === 'CALL' || facts.kind === 'SEND'
    const rule = isRequest ? this.#rules.find((one) => needsTwoRoles(one, facts)) : undefined
    if (!rule) return undefined
    const { action, to } = facts
    const key = JSON.stringify([action, foldId(to), digest])
    if (!isNew) return holdOf(this.#waiting.get(key)?.proposal, nowS)
    const by = memberOf(rule, facts)
    if (!by) return { reason: 'not-of-two-roles' }
    this.#forget(nowS)
    const known = this.#waiting.get(key)?.proposal
    const next = known ? this.#moveOn(known, by, { digest, nowS }) : this.#propose(rule, by, { digest, nowS }) // biome-ignore format: one line
    if ('reason' in next) return next
    if (next.state === 'executed') this.#waiting.delete(key)
    else this.#waiting.set(key, { proposal: next, action, to })
    this.#emit({ name: `command.${next.state}`, by: by.owner, action, to, digest, rule: rule.name })
    return holdOf(next, nowS)
  }

  /**
   * Takes a veto.
   *
   * @param facts Of a `VetoCommand {action, digest}`.
   * @returns Why it does not count; undefined: what it names will not take effect.
   */
  veto(facts: PolicyFacts, nowS: number): Hold | undefined {
    this.#forget(nowS)
    const { action, digest } = facts.payload ?? {}
    const found = [...this.#waiting].filter(([, one]) => one.action === action && one.proposal.digest === digest) // biome-ignore format: one line
    if (found.length === 0) return { reason: 'not-proposed' }
    for (const [key, { proposal, ...command }] of found) {
      const by = memberOf(proposal.rule, facts)
      const vetoed = by && vetoCommand(proposal, by)
      if (vetoed?.status !== 'ok') return { reason: 'not-of-two-roles' }
      this.#waiting.set(key, { ...command, proposal: vetoed.proposal })
      this.#emit({ name: 'command.vetoed', by: by?.owner ?? facts.from, action: command.action, to: command.to, digest: proposal.digest, rule: proposal.rule.name }) // biome-ignore format: one line
    }
    return undefined
  }

  #propose(
    rule: TwoRolesRule,
    by: SignerFacts,
    at: { readonly digest: string; readonly nowS: number },
  ): Proposal | Hold {
    if (this.#waiting.size >= MAX_WAITING) return { reason: 'not-proposed' }
    const proposed = proposeCommand(rule, by, at)
    return proposed.status === 'ok' ? proposed.proposal : { reason: REASONS[proposed.problem] }
  }

  #moveOn(
    known: Proposal,
    by: SignerFacts,
    at: { readonly digest: string; readonly nowS: number },
  ): Proposal | Hold {
    const { nowS } = at
    const next = known.state === 'proposed' ? secondCommand(known, by, at) : executeCommand(known, nowS) // biome-ignore format: one line
    if (next.status === 'ok') return next.proposal
    return next.problem === 'too-early' ? (holdOf(known, nowS) ?? { reason: 'awaits-veto' }) : { reason: REASONS[next.problem] } // biome-ignore format: one line
  }

  /** What comes to nothing any more makes room; what was vetoed stays so for as long as it was proposed. */
  #forget(nowS: number): void {
    for (const [key, { proposal }] of this.#waiting) {
      if (nowS >= proposal.expiresS) this.#waiting.delete(key)
    }
  }
}

/** What a proposal waits for; undefined where it waits no more, or there is none. */
function holdOf(proposal: Proposal | undefined, nowS: number): Hold | undefined {
  if (!proposal || proposal.state === 'executed') return undefined
  const { state, dueS } = proposal
  if (state === 'proposed') return { reason: 'awaits-second' }
  if (state === 'vetoed') return { reason: 'vetoed' }
  return { reason: 'awaits-veto', retryAfterMs: Math.max(0, Math.ceil((dueS - nowS) * 1_000)) }
}
