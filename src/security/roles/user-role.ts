import { OverlayError } from '../../errors.ts'
import { foldId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import { COMPARISONS, type Scalar } from '../../wire/comparisons.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  listOf,
  type OneOrMore,
  recordOf,
} from '../../wire/document-checks.ts'
import { type Pointer, parsePointer } from '../../wire/pointer.ts'
import { type RateDocument, rateOf } from '../context/rate.ts'

/** What may be done with a variable of a device model. */
export const ACCESSES = ['read', 'write', 'monitor'] as const
export type Access = (typeof ACCESSES)[number]

/** Members of a key record that name whoever holds it. */
const OWN = ['owner', 'organisation', 'kid'] as const

/** Who holds a role, by its key record. */
export interface Holder {
  readonly kid: string
  readonly owner: string
  readonly organisation?: string
}

/** A set of permissions that keys hold. What no role allows is refused; what one denies, too. */
export interface UserRoleDocument {
  readonly name: string
  /** Rises with each change. */
  readonly version: number
  readonly description?: string
  readonly allow: readonly PermissionDocument[]
  readonly deny?: readonly PermissionDocument[]
}

export interface PermissionDocument {
  /** Names of actions, with `*` for any run of characters. */
  readonly actions: OneOrMore<string>
  /** Whom they may be addressed to; default: anybody. */
  readonly to?: OneOrMore<string>
  /** What must be true of parameters. */
  readonly parameters?: readonly ParameterDocument[]
  /** Which variables, of actions that read, set or watch some. */
  readonly variables?: readonly VariableDocument[]
  /** How often what this permission is for may be asked for; only to allow. Default: as often as one likes. */
  readonly rate?: RateDocument
}

/** Every value that the pointer leads to must pass; to deny, one is enough. */
export interface ParameterDocument {
  /** JSON pointer into the payload, `*` for every item of an array. */
  readonly pointer: string
  /** Whether it may be absent. Default false. */
  readonly optional?: boolean
  readonly equals?: Scalar
  readonly in?: readonly Scalar[]
  /** A text with `*` and `?`. */
  readonly matches?: string
  readonly greaterThan?: number
  readonly lessThan?: number
  /** It is, or begins with, what the key record of whoever asks says of it: `DE-ABC-C1234` is one of `DE-ABC`. */
  readonly own?: (typeof OWN)[number]
}

export interface VariableDocument {
  /** With `*`. */
  readonly component: OneOrMore<string>
  /** With `*`; `*` alone also means all of a component. */
  readonly variable: OneOrMore<string>
  readonly evse?: OneOrMore<number>
  /** Of the component, with `*`; default all. */
  readonly instance?: OneOrMore<string>
  readonly variableInstance?: OneOrMore<string>
  /** Actual, Target, MinSet, MaxSet; default all. */
  readonly attribute?: OneOrMore<string>
  readonly access: OneOrMore<Access>
}

/** A role ready to be asked. */
export interface UserRole {
  readonly name: string
  readonly version: number
  readonly allow: readonly Permission[]
  readonly deny: readonly Permission[]
}

export interface Permission {
  /** Where it stands, for explanations: `operations allow/2`. */
  readonly place: string
  readonly hasAction: (action: string) => boolean
  readonly hasDestination: (id: string) => boolean
  readonly parameters: readonly Parameter[]
  /** undefined: all variables. */
  readonly variables: readonly VariableRule[] | undefined
  readonly rate: RateDocument | undefined
}

export interface Parameter {
  readonly pointer: Pointer
  readonly isOptional: boolean
  /** `/a/b is less than 3` */
  readonly words: string
  readonly test: (value: unknown, holder: Holder | undefined) => boolean
}

export interface VariableRule {
  readonly hasComponent: (name: string) => boolean
  readonly hasVariable: (name: string) => boolean
  readonly hasAll: boolean
  readonly evses: readonly number[] | undefined
  /** undefined: with any instance, or none. */
  readonly hasInstance: ((name: string) => boolean) | undefined
  readonly hasVariableInstance: ((name: string) => boolean) | undefined
  readonly attributes: readonly string[] | undefined
  readonly accesses: readonly Access[]
}

const MAX_PERMISSIONS = 256
const PARAMETER_MEMBERS = ['pointer', 'optional', 'own', ...COMPARISONS.keys()]

/**
 * Reads a role. What is not known in it is refused: it may be what restricts the role.
 *
 * @throws {OverlayError} ERR_ROLE_DOCUMENT with the place and what is wrong there.
 */
export function compileUserRole(document: unknown): UserRole {
  const complain: Complain = (path, problem) => {
    throw new OverlayError('ERR_ROLE_DOCUMENT', { place: path.join('/') || 'the role', problem })
  }
  const role = recordOf(document, [], complain) as UserRoleDocument
  assertMembers(role, ['name', 'version', 'description', 'allow', 'deny'], [], complain)
  const { name, version, description, allow, deny = [] } = role
  if (!isName(name)) complain(['name'], 'must be a text of 1 to 50 characters')
  if (!Number.isSafeInteger(version) || version < 1) complain(['version'], 'must be a whole number from 1') // biome-ignore format: one line
  if (description !== undefined && typeof description !== 'string') complain(['description'], 'must be a text') // biome-ignore format: one line
  return {
    name,
    version,
    allow: permissionsOf(allow, 'allow', name, complain),
    deny: permissionsOf(deny, 'deny', name, complain),
  }
}

function permissionsOf(
  list: unknown,
  member: 'allow' | 'deny',
  role: string,
  complain: Complain,
): readonly Permission[] {
  if (!Array.isArray(list) || list.length > MAX_PERMISSIONS) {
    return complain([member], `must be a list of at most ${MAX_PERMISSIONS} permissions`)
  }
  return list.map((one, i) => permissionOf(one, [member, `${i}`], `${role} ${member}/${i}`, complain)) // biome-ignore format: one line
}

function permissionOf(
  value: unknown,
  path: readonly string[],
  place: string,
  complain: Complain,
): Permission {
  const document = recordOf(value, path, complain) as PermissionDocument
  assertMembers(document, ['actions', 'to', 'parameters', 'variables', 'rate'], path, complain)
  const { actions, to = '*', parameters = [], variables, rate } = document
  if (!Array.isArray(parameters)) complain([...path, 'parameters'], 'must be a list')
  if (variables !== undefined && !(Array.isArray(variables) && variables.length > 0)) {
    complain([...path, 'variables'], 'must be a list; left out it means all')
  }
  if (rate !== undefined && path[0] === 'deny') complain([...path, 'rate'], 'only limits what is allowed: what is denied is denied always') // biome-ignore format: one line
  return {
    place,
    hasAction: oneOf(names(actions, [...path, 'actions'], complain), (action) => action),
    hasDestination: oneOf(names(to, [...path, 'to'], complain), foldId),
    parameters: parameters.map((one, i) => parameterOf(one, [...path, 'parameters', `${i}`], complain)), // biome-ignore format: one line
    variables: variables?.map((one, i) => variableRuleOf(one, [...path, 'variables', `${i}`], complain)), // biome-ignore format: one line
    rate: rate === undefined ? undefined : rateOf(rate, (at, problem) => complain([...path, 'rate', ...at], problem)), // biome-ignore format: one line
  }
}

function parameterOf(value: unknown, path: readonly string[], complain: Complain): Parameter {
  const document = recordOf(value, path, complain) as ParameterDocument
  assertMembers(document, PARAMETER_MEMBERS, path, complain)
  const { pointer: text, optional = false, own, ...rest } = document
  const pointer = parsePointer(typeof text === 'string' ? text : '')
  if (typeof pointer === 'string') return complain([...path, 'pointer'], pointer)
  if (typeof optional !== 'boolean') complain([...path, 'optional'], 'must be true or false')
  const comparisons = Object.entries(rest).map(([name, operand]) => {
    const made = COMPARISONS.get(name)?.(operand)
    return typeof made === 'object' ? made : complain([...path, name], made ?? 'is not known')
  })
  if (own !== undefined && !isOneOf(OWN, own)) complain([...path, 'own'], `must be one of ${OWN.join(', ')}`) // biome-ignore format: one line
  if (comparisons.length === 0 && own === undefined) complain(path, `compares with nothing; give one of ${[...COMPARISONS.keys(), 'own'].join(', ')}`) // biome-ignore format: one line
  const words = [...comparisons.map((one) => one.words), ...(own ? [`is of its own ${own}`] : [])]
  return {
    pointer,
    isOptional: optional,
    words: `${text} ${words.join(' and ')}`,
    test: (value, holder) =>
      comparisons.every(({ test }) => test(value)) && (own === undefined || isOf(value, holder?.[own])), // biome-ignore format: one line
  }
}

/** The name itself, or what stands under it: behind a character that ends a name. */
function isOf(value: unknown, name: string | undefined): boolean {
  if (typeof value !== 'string' || name === undefined) return false
  const [text, own] = [foldId(value), foldId(name)]
  return text.startsWith(own) && !/^[\p{L}\p{N}]/u.test(text.slice(own.length))
}

function variableRuleOf(value: unknown, path: readonly string[], complain: Complain): VariableRule {
  const document = recordOf(value, path, complain) as VariableDocument
  assertMembers(
    document,
    ['component', 'variable', 'evse', 'instance', 'variableInstance', 'attribute', 'access'],
    path,
    complain,
  )
  const { component, variable, evse, instance, variableInstance, attribute, access } = document
  const accesses = listOf(access)
  if (accesses.length === 0 || !accesses.every((one) => isOneOf(ACCESSES, one))) {
    complain([...path, 'access'], `must be of ${ACCESSES.join(', ')}`)
  }
  const evses = evse === undefined ? undefined : listOf(evse)
  if (evses && !(evses.length > 0 && evses.every(Number.isSafeInteger))) complain([...path, 'evse'], 'must be numbers of EVSEs') // biome-ignore format: one line
  const variables = names(variable, [...path, 'variable'], complain)
  const anyOf = (list: OneOrMore<string> | undefined, member: string) =>
    list === undefined ? undefined : oneOf(names(list, [...path, member], complain), foldId)
  return {
    hasComponent: oneOf(names(component, [...path, 'component'], complain), foldId),
    hasVariable: oneOf(variables, foldId),
    hasAll: variables.includes('*'),
    evses,
    hasInstance: anyOf(instance, 'instance'),
    hasVariableInstance: anyOf(variableInstance, 'variableInstance'),
    attributes: attribute === undefined ? undefined : names(attribute, [...path, 'attribute'], complain), // biome-ignore format: one line
    accesses,
  }
}

function names(
  value: OneOrMore<string>,
  path: readonly string[],
  complain: Complain,
): readonly string[] {
  const list = listOf(value)
  const isGood = list.length > 0 && list.every((one) => typeof one === 'string' && one !== '')
  return isGood ? list : complain(path, 'must be a text or a list of texts')
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 50
}
