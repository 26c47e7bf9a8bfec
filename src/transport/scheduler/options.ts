import type { Clock } from '../../primitives/clock.ts'
import type { WindowOptions } from './bulk-window.ts'
import type { BudgetOptions } from './send-budget.ts'

export interface SchedulerOptions {
  readonly clock: Clock
  /** What may wait for the link, in bytes with overhead; 16 MiB. */
  readonly queueBytes?: number
  /** Share of it that only answers, control and SENDs that are never dropped may use; 0.25. */
  readonly reservedShare?: number
  /** Beyond so many bytes not even those are admitted; 64 MiB. */
  readonly memoryLimitBytes?: number
  /** Rate of the link until it is measured, in bytes per second; 1 250 000 (10 Mbit/s). */
  readonly assumedBytesPerSecond?: number
  /** Share of the link's rate that each source may use for control and command; 0.2. */
  readonly commandShare?: number
  /** Data bytes of a bulk chunk, and how far the carrier is filled; 65 536. */
  readonly chunkBytes?: number
  /** The same on a slow link; 16 384. */
  readonly slowChunkBytes?: number
}

/** Checked, with all defaults filled in. */
export interface ResolvedOptions extends BudgetOptions, WindowOptions {
  readonly commandShare: number
}

const MIB = 1024 * 1024

/** @throws {TypeError} when an option is out of range. */
export function resolveSchedulerOptions(options: SchedulerOptions): ResolvedOptions {
  const resolved = {
    queueBytes: options.queueBytes ?? 16 * MIB,
    reservedShare: options.reservedShare ?? 0.25,
    memoryLimitBytes: options.memoryLimitBytes ?? 64 * MIB,
    assumedBytesPerSecond: options.assumedBytesPerSecond ?? 1_250_000,
    commandShare: options.commandShare ?? 0.2,
    chunkBytes: options.chunkBytes ?? 64 * 1024,
    slowChunkBytes: options.slowChunkBytes ?? 16 * 1024,
  }
  const { queueBytes, reservedShare, memoryLimitBytes, commandShare } = resolved
  assertRange('queueBytes', queueBytes, queueBytes > 0)
  assertRange('reservedShare', reservedShare, reservedShare >= 0 && reservedShare < 1)
  assertRange('memoryLimitBytes', memoryLimitBytes, memoryLimitBytes >= queueBytes)
  assertRange('commandShare', commandShare, commandShare > 0 && commandShare <= 1)
  const { assumedBytesPerSecond, chunkBytes, slowChunkBytes } = resolved
  assertRange('assumedBytesPerSecond', assumedBytesPerSecond, assumedBytesPerSecond > 0)
  assertRange('slowChunkBytes', slowChunkBytes, slowChunkBytes > 0)
  assertRange('chunkBytes', chunkBytes, chunkBytes >= slowChunkBytes)
  return resolved
}

function assertRange(name: string, value: number, isIn: boolean): void {
  if (!Number.isFinite(value) || !isIn) throw new TypeError(`${name} is out of range: ${value}`)
}
