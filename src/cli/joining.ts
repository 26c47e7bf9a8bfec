import { existsSync, rmSync } from 'node:fs'
import { OverlayError, RemoteError } from '../errors.ts'
import type { Logger } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import { delay, systemClock } from '../primitives/clock.ts'
import type { NodeId } from '../primitives/ids.ts'
import { readCommissioningCode } from '../security/keys/commissioning.ts'
import type { Config } from './config.ts'
import { type OpenedSecurity, writeOwnRecord } from './config-security.ts'
import { codeFile, keptCode } from './joining-code.ts'

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 60_000
/** How often it is looked whether somebody has brought a code. */
const LOOK_EVERY_MS = 1_000

/**
 * Shows the code that was kept for this node to the operator, as soon as one can be reached, and
 * forgets it once both believe each other. Nobody who refuses it on the way can end this.
 */
export async function joinByCode(
  node: Node,
  opened: OpenedSecurity,
  { config, log, signal }: { config: Config; log: Logger; signal: AbortSignal },
): Promise<void> {
  for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
    const problem = await joinOnce(node, opened, config)
    if (problem === undefined || signal.aborted) return
    log.warn('keys.join-failed', { problem, nextTryMs: waitMs })
    await delay(systemClock, waitMs, signal).catch(() => {})
  }
}

/** The same for each code that is kept while the node runs, until it stops. */
export async function joinByLaterCodes(
  node: Node,
  opened: OpenedSecurity,
  around: { config: Config; log: Logger; signal: AbortSignal },
): Promise<void> {
  const { config, signal } = around
  while (!signal.aborted) {
    await delay(systemClock, LOOK_EVERY_MS, signal).catch(() => {})
    if (!signal.aborted && existsSync(codeFile(config))) await joinByCode(node, opened, around)
  }
}

/** @returns Why it was not let in, for people; undefined where it was, or has no code to show. */
export async function joinOnce(
  node: Node,
  { security, record }: OpenedSecurity,
  config: Config,
): Promise<string | undefined> {
  const kept = keptCode(config)
  if (!kept) return undefined
  const code = readCommissioningCode(kept.code)
  if (typeof code === 'string') return code
  const { signer, trust: keys } = security
  try {
    const { own } = await node.join({ code, signer, record, keys, at: kept.at as NodeId })
    writeOwnRecord(config, own)
    rmSync(codeFile(config), { force: true })
    return undefined
  } catch (error) {
    return problemOf(error)
  }
}

function problemOf(error: unknown): string {
  if (error instanceof RemoteError) {
    const { problem } = (error.errorDetails ?? {}) as { problem?: unknown }
    return typeof problem === 'string' ? problem : `${error.errorCode}: ${error.errorDescription}`
  }
  if (error instanceof OverlayError) return error.message
  throw error
}
