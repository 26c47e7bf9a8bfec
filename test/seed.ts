/** Seeds of property tests: printed by each file, repeatable with `SEED=n npm test`. */
export const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.log(`seed ${SEED}`)

/** Options for fast-check; more runs with `RUNS=n`. */
export const PROPERTY = { seed: SEED, numRuns: Number(process.env.RUNS ?? 100) }
