import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readCommissioningCode } from '../security/keys/commissioning.ts'
import { writeWhole } from '../storage/whole-file.ts'
import type { Config } from './config.ts'
import { readText } from './config-files.ts'

/** A commissioning code that is still to be shown, and to whom. */
export interface KeptCode {
  readonly code: string
  /** A node or service. */
  readonly at: string
}

export const codeFile = ({ ownKey }: Pick<Config, 'ownKey'>) => join(ownKey.folder, 'code.json')

/** Keeps a code until the node runs and has reached its operator. */
export function keepCode(config: Pick<Config, 'ownKey'>, { code, at }: KeptCode): void {
  const problem = readCommissioningCode(code)
  if (typeof problem === 'string') throw new Error(`this is no code: ${problem}`)
  writeWhole(codeFile(config), JSON.stringify({ code, at }))
}

export function keptCode(config: Pick<Config, 'ownKey'>): KeptCode | undefined {
  const file = codeFile(config)
  return existsSync(file) ? (JSON.parse(readText(file)) as KeptCode) : undefined
}
