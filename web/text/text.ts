import { en } from './en.ts'

/** The words of the console in the chosen language; English is the only one so far. */
export const text = en
