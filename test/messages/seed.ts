/** The seed of this run's random values; give it back as SEED to repeat a failure. */
export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

console.log('seed', seed)
