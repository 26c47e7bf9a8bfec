import type { StationState } from '../../storage/station-state.ts'
import { VARIABLES, type VariableName, type VariableRow } from './variables-table.ts'

export type SetStatus = 'Accepted' | 'Rejected'

export interface VariablesOptions {
  readonly state: StationState
  readonly is16: boolean
  /** What a variable is as long as nobody has set it, where that is not in the table. */
  readonly initial: Partial<Record<VariableName, string>>
  /** What changes by itself. */
  readonly live: Partial<Record<VariableName, () => string>>
  /** What a list may have as members, where that is not in the table. */
  readonly members?: Partial<Record<VariableName, () => readonly string[]>>
}

/**
 * The settings of a station: what the CSMS sets is kept, and told to whom it concerns at once.
 *
 * @spec OCPP 1.6 edition 2 sections 5.3 and 5.8; OCPP 2.0.1 edition 3 Part 2, B05 and B06
 */
export class Variables {
  readonly #options: VariablesOptions
  readonly #values: Map<string, string>
  readonly #listeners = new Set<(name: VariableName) => void>()

  constructor(options: VariablesOptions) {
    this.#options = options
    this.#values = options.state.all<string>('variable')
  }

  text(name: VariableName): string {
    const { initial, live, is16 } = this.#options
    const row = rowOf(name)
    const first = is16 ? (row.value16 ?? row.value) : row.value
    return this.#values.get(name) ?? live[name]?.() ?? initial[name] ?? first
  }

  number(name: VariableName): number {
    return Number(this.text(name))
  }

  is(name: VariableName): boolean {
    return this.text(name) === 'true'
  }

  list(name: VariableName): string[] {
    return members(this.text(name))
  }

  /** As told to others; a fraction of a second that a simulation begins with is rounded up. */
  told(name: VariableName): string {
    const text = this.text(name)
    return rowOf(name).type === 'integer' ? `${Math.ceil(Number(text))}` : text
  }

  /** Sets what the CSMS wants, when the type and the bounds allow it. */
  set(row: VariableRow, value: string): SetStatus {
    if (row.access !== 'RW') return 'Rejected'
    const members = this.#options.members?.[row.name as VariableName]?.()
    const normal = normalOf(members ? { ...row, values: members } : row, value)
    if (normal === undefined) return 'Rejected'
    this.assign(row.name as VariableName, normal)
    return 'Accepted'
  }

  /** Sets what is known to be right, such as the interval that came with the boot. */
  assign(name: VariableName, value: string): void {
    if (this.#values.get(name) === value) return
    this.#options.state.set('variable', name, value)
    this.#values.set(name, value)
    for (const listener of this.#listeners) listener(name)
  }

  onChange(listener: (name: VariableName) => void): void {
    this.#listeners.add(listener)
  }
}

const BY_NAME = new Map<string, VariableRow>(VARIABLES.map((row) => [row.name, row]))

function rowOf(name: VariableName): VariableRow {
  return BY_NAME.get(name) as VariableRow
}

function members(text: string): string[] {
  return text === '' ? [] : text.split(',').map((member) => member.trim())
}

/**
 * A value in the spelling that is kept.
 *
 * @returns undefined when the row does not allow it.
 */
export function normalOf(row: VariableRow, value: string): string | undefined {
  if (row.type === 'integer') return isInteger(row, value) ? `${Number(value)}` : undefined
  if (row.type === 'boolean') {
    const lower = value.toLowerCase()
    return lower === 'true' || lower === 'false' ? lower : undefined
  }
  if (row.type === 'MemberList') return isList(row, members(value)) ? members(value).join(',') : undefined // biome-ignore format: one line
  return value
}

function isInteger({ min = 0, max = 2 ** 31 - 1 }: VariableRow, value: string): boolean {
  return /^[+-]?\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max
}

function isList(row: VariableRow, list: readonly string[]): boolean {
  if (row.isFilled && list.length === 0) return false
  if (new Set(list).size !== list.length) return false
  return unknownMembers(row, list.join(',')).length === 0
}

/** What a list has that its row does not know; nothing where the row is no list. */
export function unknownMembers({ type, values = [] }: VariableRow, value: string): string[] {
  return type === 'MemberList' ? members(value).filter((member) => !values.includes(member)) : []
}
