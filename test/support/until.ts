import assert from 'node:assert/strict'

const LIMIT_MS = 30_000

/** Waits until a condition holds: for real sockets, which cannot be asked when they are done. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + LIMIT_MS
  while (!condition()) {
    assert.ok(Date.now() < end, `waited 30 s for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
