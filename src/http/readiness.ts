import type { Node } from '../node/node.ts'
import type { CsmsStore } from '../storage/csms-store.ts'

/** What decides whether a node can do its work. */
export interface ReadinessSources {
  readonly node: Node
  /** Only a CSMS has one. */
  readonly store: CsmsStore | undefined
  /** Configured uplinks that answer stations, without those that exist per station. Default 0. */
  readonly uplinks?: number
  /** Whether the node has started and does not stop. Default: yes. */
  readonly isListening?: () => boolean
}

/** `GET /ready`; what is missing stands in words. */
export type Readiness =
  | { readonly status: 'ready' }
  | { readonly status: 'not ready'; readonly missing: readonly string[] }

/** Whether the node listens, has a way up where it was given one, and can keep what it is told. */
export async function readinessOf(sources: ReadinessSources): Promise<Readiness> {
  const { node, store, uplinks = 0, isListening } = sources
  const missing: string[] = []
  if (isListening && !isListening()) missing.push('listening: the node is stopping')
  if (uplinks > 0 && !hasUplink(node)) missing.push(`uplink: none of ${uplinks} is open`)
  const problem = store && (await problemOf(store))
  if (problem !== undefined) missing.push(`store: it cannot be written: ${problem}`)
  return missing.length === 0 ? { status: 'ready' } : { status: 'not ready', missing }
}

/** Connections in the name of a station come and go with it, and a mirror answers nobody. */
function hasUplink(node: Node): boolean {
  for (const { link, represents, rule } of node.neighbours) {
    const answers = rule === undefined || rule.role === 'primary'
    if (link.way === 'up' && represents === undefined && answers) return true
  }
  return false
}

async function problemOf(store: CsmsStore): Promise<string | undefined> {
  try {
    await store.probe(new Date().toISOString())
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
