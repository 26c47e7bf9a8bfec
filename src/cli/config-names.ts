import { actionsOf } from '../messages/actions.ts'
import { EXTENSION_ACTIONS } from '../messages/extensions.ts'
import { PROTOCOLS } from '../messages/protocols.ts'
import { foldId, isNodeId, isReservedId, isSameId } from '../primitives/ids.ts'
import { wildcard } from '../primitives/wildcard.ts'
import { listOf } from '../wire/document-checks.ts'
import type { Config, Fail, Warn } from './config.ts'

/** Ids and actions that a configuration names: each is one, and is spelt as it is on the wire. */

type Named = Pick<Config, 'nodeId' | 'operator' | 'routes' | 'uplinks' | 'downlinks'>

/** Checks all ids but those of `peers`. */
export function checkIds(config: Named, fail: Fail): void {
  const { nodeId, operator, routes = [], uplinks, downlinks } = config
  if (!isNodeId(nodeId) || isReservedId(nodeId)) fail(['nodeId'], NO_ID)
  if (operator !== undefined) checkOperator(operator, fail)
  for (const [i, route] of routes.entries()) {
    for (const member of ['destination', 'via'] as const) {
      checkOther(route[member], nodeId, (problem) => fail(['routes', `${i}`, member], problem))
    }
  }
  for (const [i, { peerId }] of uplinks.entries()) {
    if (peerId === undefined) continue
    checkOther(peerId, nodeId, (problem) => fail(['uplinks', `${i}`, 'peerId'], problem))
  }
  for (const [i, { peerId }] of downlinks.entries()) {
    const failHere = (problem: string) => fail(['downlinks', `${i}`, 'peerId'], problem)
    checkOther(peerId, nodeId, failHere)
    if (isNodeId(peerId) && isReservedId(peerId)) failHere('is the name of a service: it must be the id of the station') // biome-ignore format: one line
  }
}

/** Why a text is no id of a peer. */
export const NO_ID = 'is not a legal node id'

function checkOperator(operator: string, fail: Fail): void {
  // Its longest service must be a legal id, too.
  if (!isNodeId(operator) || !isNodeId(`${operator}/CentralSystem`)) fail(['operator'], NO_ID)
  if (operator.includes('/')) fail(['operator'], 'has a slash in it, which parts it from its services (operator/CSMS); leave it out') // biome-ignore format: one line
  if (isReservedId(operator)) fail(['operator'], 'is the name of a service or group: use another')
}

/** Some other node, or a service. */
function checkOther(id: string, nodeId: string, failHere: (problem: string) => never): void {
  if (!isNodeId(id)) failHere(NO_ID)
  if (id === '0' || id.startsWith('*')) failHere(`(${id}) is the name of a group: name one node`)
  if (isSameId(id, nodeId)) failHere(`(${id}) is the own id of this node`)
}

// ---- Actions

const ACTIONS: readonly string[] = [...PROTOCOLS.flatMap((protocol) => [...actionsOf(protocol).keys()]), ...EXTENSION_ACTIONS.keys()] // biome-ignore format: one line

/** Checks the actions in lists of uplinks and in filters; vendors may have some of their own. */
export function checkActions(
  { uplinks, filters = [] }: Pick<Config, 'uplinks' | 'filters'>,
  { fail, warn }: { fail: Fail; warn: Warn },
): void {
  for (const [i, { allow = {} }] of uplinks.entries()) {
    for (const [member, list] of Object.entries(allow)) {
      for (const [n, action] of list.entries()) {
        const path = ['uplinks', `${i}`, 'allow', member, `${n}`]
        if (action === '*') continue
        if (action.includes('*')) fail(path, `(${action}) stands for no action: only \`*\` alone stands for all`) // biome-ignore format: one line
        checkAction(action, path, { fail, warn })
      }
    }
  }
  for (const [i, { match }] of filters.entries()) {
    for (const action of match?.action === undefined ? [] : listOf<string>(match.action)) {
      checkAction(action, ['filters', `${i}`, 'match', 'action'], { fail, warn })
    }
  }
}

function checkAction(
  action: string,
  path: readonly string[],
  { fail, warn }: { fail: Fail; warn: Warn },
): void {
  if (ACTIONS.some(wildcard(action, false))) return
  const isMeant = wildcard(foldId(action), false)
  const meant = ACTIONS.find((one) => isMeant(foldId(one)))
  if (meant !== undefined) fail(path, `(${action}) must be spelt as on the wire, as in ${meant}`)
  warn(path, `(${action}) is an action of no OCPP version; is it one of a vendor, or misspelt?`)
}
