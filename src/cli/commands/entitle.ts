import { isNodeId } from '../../primitives/ids.ts'
import { systemRandomness } from '../../primitives/randomness.ts'
import { signData } from '../../security/data-statement.ts'
import { ENTITLEMENT, entitlementPayload } from '../../security/keys/entitlement.ts'
import { judgeNodeRecord } from '../../security/keys/node-record.ts'
import { table } from '../tables.ts'
import { administratorOf } from './keys-change.ts'
import { type AskOptions, asking } from './rules.ts'

interface EntitleOptions extends AskOptions {
  readonly ids?: readonly string[]
  readonly services?: readonly string[]
  readonly groups?: readonly string[]
  readonly actions?: readonly string[]
  readonly days: string
}

const DAY_S = 24 * 3_600
const MAX_DAYS = 3_660

/**
 * `wattweave keys entitle NODE`: says for whom an edge may vouch and for which services a node may
 * answer, signed by this node's own key; what was said of it before counts no more.
 */
export async function entitleNode(node: string, options: EntitleOptions): Promise<void> {
  const { at, json, ids = [], services = [], groups = [], actions = [] } = options
  if (!isNodeId(node)) throw new Error(`"${node}" is not the id of a node`)
  const days = Number(options.days)
  if (!Number.isInteger(days) || days < 0 || days > MAX_DAYS) throw new Error(`--days must be a whole number, 0 to ${MAX_DAYS}, not "${options.days}"; 0 takes back what was given`) // biome-ignore format: one line
  const nowS = Math.floor(Date.now() / 1_000)
  const payload = entitlementPayload({ node, ids, services, groups, actions, notBefore: nowS, notAfter: nowS + days * DAY_S }) // biome-ignore format: one line
  const answer = await asking(options, async (desk, timeoutMs, client) => {
    const entitlement = await signData(payload, ENTITLEMENT, [administratorOf(client)], { nowS, random: systemRandomness }) // biome-ignore format: one line
    return desk.call(at, 'ocpp2.1', 'AddEntitlement', { entitlement }, { timeoutMs })
  })
  const isDone = answer.status === 'Accepted'
  const words = isDone ? `${at} knows what ${answer.node} is entitled to` : `not done: ${answer.problem}: ${answer.sentence}` // biome-ignore format: one line
  process.stdout.write(`${json ? JSON.stringify(answer) : words}\n`)
  if (!isDone) process.exitCode = 1
}

/** `wattweave keys entitlements`: what nodes are entitled to, as far as a node knows. */
export async function listEntitlements(options: AskOptions): Promise<void> {
  const all = await asking(options, async (desk, timeoutMs) => {
    const pages = []
    for (let after: string | undefined; ; ) {
      const asked = after === undefined ? {} : { after }
      const page = await desk.call(options.at, 'ocpp2.1', 'GetEntitlements', asked, { timeoutMs })
      pages.push(...page.entitlements)
      if (page.next === undefined) return pages
      after = page.next
    }
  })
  if (options.json) return void process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`)
  const rows = all.map(({ node, status, entitlement }) => {
    const { ids, services, groups, actions, notAfter } = entitlement
    const said = [ids, services, groups, actions].map((list) => (Array.isArray(list) ? list.join(', ') : '')) // biome-ignore format: one line
    return [node, status, new Date(Number(notAfter) * 1_000).toISOString(), ...said]
  })
  process.stdout.write(`${table(['node', 'state', 'until', 'vouches for', 'services', 'groups', 'actions'], rows).join('\n')}\n`) // biome-ignore format: one line
}

/** `wattweave keys node`: who a node says it is, and what that is worth by the keys known here. */
export async function showNode(options: AskOptions): Promise<void> {
  const { nodeRecord, judged } = await asking(options, async (desk, timeoutMs, { directory }) => {
    const { nodeRecord } = await desk.call(options.at, 'ocpp2.1', 'GetNodeRecord', {}, { timeoutMs }) // biome-ignore format: one line
    if (!directory) throw new Error('this node is insecure by its configuration, so it believes everybody; ask with one that signs') // biome-ignore format: one line
    return { nodeRecord, judged: judgeNodeRecord(nodeRecord, directory, Date.now() / 1_000) }
  })
  if (options.json) process.stdout.write(`${JSON.stringify({ nodeRecord, ...judged }, undefined, 2)}\n`) // biome-ignore format: one line
  if (judged.status === 'refused') {
    if (!options.json) process.stdout.write(`not believed: ${judged.sentence}\n`)
    process.exitCode = 1
    return
  }
  if (options.json) return
  const { id, services, keys, sequence, notAfter } = judged.record
  const by = judged.issuer === undefined ? 'by no authority but the user roles of its key' : `entitled by ${judged.issuer} to ${judged.entitled.join(', ') || 'none of these'}` // biome-ignore format: one line
  const lines = [`${id}, record ${sequence}, until ${new Date(notAfter * 1_000).toISOString()}`, `services: ${services.join(', ') || 'none'}; ${by}`, `keys: ${keys.join(', ')}`] // biome-ignore format: one line
  process.stdout.write(`${lines.join('\n')}\n`)
}
