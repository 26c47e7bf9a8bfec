import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * What a process did to its disk and said to its peers, in order; and what a disk would have on it
 * had the power gone at any moment of that.
 */
export type Act =
  | { readonly does: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly does: 'truncate'; readonly file: string; readonly length: number }
  | { readonly does: 'sync'; readonly file: string }
  | { readonly does: 'remove'; readonly file: string }
  | { readonly does: 'say'; readonly text: string }

/** Runs a command so that `readTrace` can tell what its first thread did. It keeps its process id. */
export function traced(prefix: string): string[] {
  const calls = 'pwrite64,ftruncate,unlink,fsync,fdatasync,write,writev,sendto,sendmsg'
  return ['strace', '-D', '-ff', '-yy', '-xx', '-s', '1000000', '-e', `trace=${calls}`, '-o', prefix] // biome-ignore format: one command
}

/** A process that is killed in a call does not come back from it: `?`, and whoever it wrote to has read it. */
const CALL = /^(\w+)\(\d+<(.*?)>(.*)\) += (-?\d+|\?)/
const REMOVAL = /^unlink\((".*")\) += 0/
const TEXT = /"((?:\\x[0-9a-f]{2})*)"/g

/** The acts of a traced process that has ended; undefined while the trace is still being written. */
export function readTrace(prefix: string, pid: number, folder: string): Act[] | undefined {
  const text = readFileSync(`${prefix}.${pid}`, 'latin1')
  if (!/^\+\+\+ .* \+\+\+$/m.test(text)) return undefined
  return text.split('\n').flatMap((line): Act[] => {
    const [, removed] = REMOVAL.exec(line) ?? []
    if (removed !== undefined) return [{ does: 'remove', file: bytesIn(removed).toString() }]
    const [, name = '', target = '', rest = '', result = ''] = CALL.exec(line) ?? []
    if (Number(result) < 0) return []
    const file = plain(target)
    if (/^(TCP|socket)/.test(file)) return [{ does: 'say', text: bytesIn(rest).toString('latin1') }]
    // The index of the log is made anew after a crash. What is cut off of the audit log the CSMS says itself.
    // What is kept of keys and times is written whole, file by file; it is no part of the databases.
    if (!file.startsWith(folder) || /-shm$|\/audit\.jsonl$|\/keys\//.test(file)) return []
    if (name === 'fsync' || name === 'fdatasync') return [{ does: 'sync', file }]
    if (name === 'ftruncate') return [{ does: 'truncate', file, length: lastNumber(rest) }]
    if (name === 'pwrite64') {
      return [{ does: 'write', file, at: lastNumber(rest), bytes: bytesIn(rest) }]
    }
    // Otherwise the disk that is put together below would not be the one that was.
    throw new Error(`${name} to ${file} is not understood`)
  })
}

/** Paths, too, are written byte by byte. */
function plain(target: string): string {
  return target.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number(`0x${hex}`)))
}

function bytesIn(text: string): Buffer {
  const hex = [...text.matchAll(TEXT)].map(([, bytes = '']) => bytes.replaceAll('\\x', ''))
  return Buffer.from(hex.join(''), 'hex')
}

function lastNumber(text: string): number {
  return Number(/(\d+)\s*$/.exec(text)?.[1])
}

const SECTOR = 512

/**
 * Writes to `folder` what would be on the disk after the first `count` acts: all that was synced,
 * and of what was not, those sectors that `chance` picks.
 */
export function diskAfter(
  acts: readonly Act[],
  count: number,
  folder: string,
  chance: () => number,
): void {
  const disk = new Map<string, DiskFile>()
  let waiting: Act[] = []
  for (const act of acts.slice(0, count)) {
    if (act.does !== 'sync') {
      waiting.push(act)
      continue
    }
    // File systems keep the order of what is done to names: no removal is younger than a sync.
    const isSynced = (one: Act) => one.does === 'remove' || isOf(one, act.file)
    for (const one of waiting) if (isSynced(one)) apply(disk, one, () => true)
    waiting = waiting.filter((one) => !isSynced(one))
  }
  for (const one of waiting) apply(disk, one, () => chance() < 0.5)
  for (const [file, { bytes }] of disk) writeFileSync(join(folder, basename(file)), bytes)
}

function isOf(act: Act, file: string): boolean {
  return act.does !== 'say' && act.file === file
}

function apply(disk: Map<string, DiskFile>, act: Act, isDone: () => boolean): void {
  if (act.does === 'remove' && isDone()) disk.delete(act.file)
  if (act.does !== 'write' && act.does !== 'truncate') return
  const file = disk.get(act.file) ?? new DiskFile()
  disk.set(act.file, file)
  if (act.does === 'truncate') {
    if (isDone()) file.truncate(act.length)
    return
  }
  for (let from = 0; from < act.bytes.length; from += SECTOR) {
    if (isDone()) file.write(act.bytes.subarray(from, from + SECTOR), act.at + from)
  }
}

class DiskFile {
  #room = Buffer.alloc(1 << 16)
  #length = 0

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  write(bytes: Buffer, at: number): void {
    this.#length = Math.max(this.#length, at + bytes.length)
    while (this.#room.length < this.#length) {
      this.#room = Buffer.concat([this.#room, Buffer.alloc(this.#room.length)])
    }
    bytes.copy(this.#room, at)
  }

  truncate(length: number): void {
    this.#room.fill(0, length)
    this.#length = length
  }
}
