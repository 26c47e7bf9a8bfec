import type { ContextDocument } from '../../src/security/policies/context-rule.ts'
import type {
  ForwardRuleDocument,
  InRuleDocument,
  MatchDocument,
  OutRuleDocument,
  PayloadDocument,
  PeerDocument,
  RequirementDocument,
  SignersDocument,
} from '../../src/security/policies/policy-document.ts'
import type {
  ParameterDocument,
  PermissionDocument,
  VariableDocument,
} from '../../src/security/roles/user-role.ts'
import { text } from '../text/text.ts'

const words = text.rules
/** Longer lists of names are cut; the whole stands in the text of the document. */
const MAX_NAMES = 6

type OneOrMore<T> = T | readonly T[] | undefined

/** What a rule matches, a phrase for each member. */
export function matchWords(match: MatchDocument): readonly string[] {
  const { kinds, actions, from, to, toGroup, origin, neighbour, link, payload = [] } = match
  const phrases = [
    phrase(actions, (names) => names),
    phrase(kinds, (names) => names),
    phrase(from, words.from),
    phrase(to, words.to),
    toGroup === undefined ? '' : toGroup ? words.toGroup : words.notToGroup,
    phrase(peers(origin), words.origin),
    neighbour ? words.neighbour(peerWords(neighbour)) : '',
    link ? words.link(peerWords(link)) : '',
    ...payload.map(comparisonWords),
  ].filter(Boolean)
  return phrases.length > 0 ? phrases : [words.every]
}

/** What is demanded of what a rule of `in` matches. */
export function demandWords(rule: InRuleDocument): readonly string[] {
  if (rule.refuse) return [words.refused, ...failureWords(rule)]
  return [...requirementWords(rule.require ?? {}), ...failureWords(rule)]
}

/** What becomes of what a rule of `out` matches. */
export function signWords({ sign, carrier, refuse }: OutRuleDocument): readonly string[] {
  if (refuse) return [words.refused]
  return [
    sign ? words.sign(sign.key.usage, sign.lifetimeS) : '',
    sign?.key.role === undefined ? '' : words.signRole(sign.key.role),
    sign?.claim === undefined ? '' : words.claim(sign.claim),
    words.representations[sign?.representation ?? 'json'] ?? '',
    carrier ? (words.carriers[carrier] ?? carrier) : '',
  ].filter(Boolean)
}

/** What becomes of what a rule of `forward` matches. */
export function treatmentWords(rule: ForwardRuleDocument): readonly string[] {
  const context = contextWords(rule.context).filter(Boolean)
  return [words.treatments[rule.treat] ?? rule.treat, ...context, ...failureWords(rule)]
}

/** What has to be so for a permission to count. */
export function permissionWords(permission: PermissionDocument): {
  readonly actions: string
  readonly to: string
  readonly only: readonly string[]
} {
  const { actions, to, parameters = [], variables = [], rate } = permission
  const often = rate ? [words.atMost(rate.atMost, rate.perS)] : []
  const only = [...parameters.map(parameterWords), ...variables.map(variableWords), ...often]
  return {
    actions: list(actions),
    to: to === undefined ? words.anybody : list(to),
    only: only.length > 0 ? only : [words.always],
  }
}

function requirementWords(require: RequirementDocument): readonly string[] {
  const { assurance = 'e2e', signers = [], distinct, algorithms, maxAgeS, replay } = require
  const { replyBinding = true, permitted, primaryUpstream, path = {}, data = [], context } = require
  return [
    words.assurances[assurance] ?? assurance,
    ...signers.map(signersWords),
    distinct === 'keys' ? words.distinctKeys : '',
    phrase(algorithms, words.algorithms),
    maxAgeS === undefined ? '' : words.maxAge(maxAgeS),
    replay === undefined ? '' : (words.replays[replay] ?? replay),
    replyBinding ? '' : words.unbound,
    permitted ? words.permitted : '',
    primaryUpstream ? words.primaryUpstream : '',
    phrase(path.only, words.path.only),
    phrase(path.through, words.path.through),
    phrase(path.not, words.path.not),
    ...data.map(({ pointer, ctx, roles }) =>
      [words.data(pointer, ctx), phrase(roles, words.byRoles)].filter(Boolean).join(' '),
    ),
    ...contextWords(context),
  ].filter(Boolean)
}

function contextWords(context: ContextDocument = {}): readonly string[] {
  const { not, maxPowerW, rate, limit: { leastW, step } = {}, maxClockOffS } = context
  const said = words.context
  return [
    not === undefined ? '' : said.not(list(listOf(not).map((one) => said.findings[one] ?? one))),
    maxPowerW === undefined ? '' : said.maxPower(maxPowerW),
    rate === undefined ? '' : said.rate(rate.atMost, rate.perS),
    leastW === undefined ? '' : said.least(leastW),
    step === undefined ? '' : said.step(step.atMostW, step.perS),
    maxClockOffS === undefined ? '' : said.clock(maxClockOffS),
  ]
}

function signersWords(group: SignersDocument): string {
  const { atLeast = 1, roles, kids, owners, organisations, chains } = group
  const parts = words.signerParts
  const who = [
    phrase(roles, parts.roles),
    phrase(kids, parts.kids),
    phrase(owners, parts.owners),
    phrase(organisations, parts.organisations),
    phrase(chains, parts.chains),
  ].filter(Boolean)
  return words.signers(atLeast, who.join(', '))
}

function failureWords(rule: InRuleDocument | ForwardRuleDocument): readonly string[] {
  const { onFailure, until } = rule
  if (onFailure === undefined) return []
  const what = words.failures[onFailure] ?? onFailure
  return [until === undefined ? what : `${what} ${words.until(until)}`]
}

function parameterWords(parameter: ParameterDocument): string {
  const said = comparisonWords(parameter)
  return parameter.optional ? `${said}, ${words.optional}` : said
}

function comparisonWords(one: PayloadDocument | ParameterDocument): string {
  const { pointer, ...rest } = one
  const said = Object.entries(rest).flatMap(([name, value]) => {
    const say = words.comparisons[name]
    return say ? [say(Array.isArray(value) ? value.join(', ') : String(value))] : []
  })
  return `${pointer} ${said.join(', ')}`
}

function variableWords(rule: VariableDocument): string {
  const { component, variable, evse, instance, variableInstance, attribute, access } = rule
  const may = listOf(access).map((one) => words.accesses[one] ?? one)
  return [
    words.variables(words.or(may), list(variable), list(component)),
    phrase(evse?.toString(), words.ofEvse),
    phrase(instance, words.instance),
    phrase(variableInstance, words.variableInstance),
    phrase(attribute, words.attribute),
  ]
    .filter(Boolean)
    .join(' ')
}

function peerWords({ kinds, ids }: PeerDocument): string {
  return [phrase(peers(kinds), (said) => said), list(ids)].filter(Boolean).join(' ')
}

function peers(kinds: OneOrMore<string>): readonly string[] | undefined {
  return kinds === undefined ? undefined : listOf(kinds).map((kind) => words.peers[kind] ?? kind)
}

function phrase(names: OneOrMore<string>, say: (names: string) => string): string {
  return names === undefined ? '' : say(list(names))
}

function list(names: OneOrMore<string>): string {
  const all = listOf(names)
  if (all.length <= MAX_NAMES + 1) return words.or(all)
  return words.more(all.slice(0, MAX_NAMES).join(', '), all.length - MAX_NAMES)
}

function listOf<T>(value: OneOrMore<T>): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as T]
}
