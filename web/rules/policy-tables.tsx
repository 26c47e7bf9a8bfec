import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { text } from '../text/text.ts'
import { RuleTable, type ToldRule } from './rule-table.tsx'
import { demandWords, matchWords, signWords, treatmentWords } from './rule-words.ts'

const words = text.rules

/** The rules of a signature policy in words, in the order in which they are tried. */
export function PolicyTables({ policy }: { policy: SignaturePolicyDocument }) {
  const lists: readonly ['in' | 'out' | 'forward', readonly ToldRule[]][] = [
    ['in', policy.in.map((rule) => told(rule, demandWords(rule)))],
    ['out', policy.out.map((rule) => told(rule, signWords(rule)))],
    ['forward', policy.forward.map((rule) => told(rule, treatmentWords(rule)))],
  ]
  return lists.map(([list, rows]) => (
    <RuleTable
      key={list}
      title={words.lists[list]}
      note={words.notes[list]}
      labels={words.columns}
      rows={rows}
    />
  ))
}

function told(
  { name, match }: Pick<SignaturePolicyDocument['in'][number], 'name' | 'match'>,
  becomes: readonly string[],
): ToldRule {
  return { name, cells: [matchWords(match), becomes] }
}
