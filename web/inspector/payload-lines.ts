/** One line of the payload tree. */
export interface PayloadLine {
  /** JSON pointer of the value; '' for the payload itself. */
  readonly pointer: string
  readonly depth: number
  /** Member name or array index; '' for the payload itself. */
  readonly name: string
  /** The value as JSON; of objects and arrays an opening bracket with the number of members. */
  readonly value: string
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'
  readonly size: number
  readonly problems: readonly Problem[]
}

export interface Problem {
  readonly pointer: string
  readonly code: string
  readonly problem: string
}

/**
 * The payload as lines of a tree, without what lies inside `folded` pointers. Each schema problem
 * stands at its own line or, where that value is missing, at the nearest one around it.
 */
export function payloadLines(
  payload: unknown,
  problems: readonly Problem[],
  folded: ReadonlySet<string> = new Set(),
): readonly PayloadLine[] {
  const lines: PayloadLine[] = []
  function visit(value: unknown, pointer: string, name: string, depth: number): void {
    const members = membersOf(value)
    lines.push({
      pointer,
      depth,
      name,
      value: members ? '' : JSON.stringify(value),
      kind: kindOf(value),
      size: members?.length ?? 0,
      problems: [],
    })
    if (!members || folded.has(pointer)) return
    for (const [key, member] of members) {
      visit(member, `${pointer}/${escapePointer(key)}`, key, depth + 1)
    }
  }
  visit(payload, '', '', 0)
  return withProblems(lines, problems)
}

function withProblems(
  lines: readonly PayloadLine[],
  problems: readonly Problem[],
): readonly PayloadLine[] {
  const shown = new Set(lines.map((line) => line.pointer))
  const placed = new Map<string, Problem[]>()
  for (const problem of problems) {
    let pointer = problem.pointer
    while (!shown.has(pointer) && pointer) pointer = pointer.slice(0, pointer.lastIndexOf('/'))
    placed.set(pointer, [...(placed.get(pointer) ?? []), problem])
  }
  return lines.map((line) => ({ ...line, problems: placed.get(line.pointer) ?? [] }))
}

function membersOf(value: unknown): readonly [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null ? Object.entries(value) : undefined
}

function kindOf(value: unknown): PayloadLine['kind'] {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object'
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
