/** A command loads what it needs when it is called: most need little, and nobody waits for the rest. */
export function lazily<A extends unknown[]>(load: () => Promise<(...args: A) => unknown>) {
  return async (...args: A) => {
    await (await load())(...args)
  }
}
