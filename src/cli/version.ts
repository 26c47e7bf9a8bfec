import { createRequire } from 'node:module'

const read = createRequire(import.meta.url)

/** Version of this package. */
export const VERSION = String((read('../../package.json') as { version: string }).version)
