import { OverlayError } from '../errors.ts'
import { compileFilters } from '../routing/filters/filters.ts'
import type { FilterRule } from '../routing/filters/rule.ts'
import type { Fail } from './config.ts'

// What a value must be like is said by src/routing/filters, in words for whoever writes rules.
const names = (description: string) => ({ description: `${description} One, or a list.` })
const pointer = {
  type: 'string',
  description: 'JSON pointer; `*` stands for every item of an array.',
} as const
/** One entry of `filters` in a configuration file. */
export const FILTER_RULE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'effect'],
  properties: {
    name: { type: 'string', description: 'Its name in answers, logs and metrics.' },
    effect: { enum: ['forward', 'replace', 'reject', 'drop'], description: 'What it does.' },
    match: {
      type: 'object',
      description: 'All that is given must be true of the frame.',
      additionalProperties: false,
      properties: {
        kind: names('CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND.'),
        action: names('OCPP action, of answers the one they answer; with `*`.'),
        source: names('Who wrote it; ids with `*`.'),
        via: names('Who is on its path; ids with `*`.'),
        destination: names('Whom it is for: ids or services with `*`.'),
        from: names('Link it came in on: name of the peer, or `station@uplink`; with `*`.'),
        to: names('Link it would leave on.'),
        payload: {
          type: 'array',
          description: 'What must be true of the payload.',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['pointer'],
            properties: {
              pointer,
              equals: { description: 'Text (A–Z and a–z alike), number, true, false or null.' },
              in: { type: 'array', description: 'One of these.' },
              matches: { type: 'string', description: 'Text with `*` and `?`.' },
              greaterThan: { type: 'number', description: 'A number, or a text that is one.' },
              lessThan: { type: 'number', description: 'As above.' },
              exists: { type: 'boolean', description: 'Whether there is such a value at all.' },
            },
          },
        },
        largerThan: { type: 'integer', description: 'Bytes of the frame.' },
        rate: {
          type: 'object',
          description: 'The rule matches what exceeds it.',
          additionalProperties: false,
          required: ['count', 'perSeconds', 'by'],
          properties: {
            count: { type: 'integer', description: 'As many frames may pass …' },
            perSeconds: { type: 'number', description: '… in so many seconds,' },
            by: {
              enum: ['source', 'from', 'destination', 'rule'],
              description: 'counted for each of these, or for the rule as a whole.',
            },
          },
        },
      },
    },
    reason: { type: 'string', description: 'reject: what the sender is told.' },
    replace: {
      type: 'array',
      description: 'replace: what is changed, in order.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pointer'],
        properties: {
          pointer,
          value: { description: 'What is put there: anything JSON can say.' },
          remove: { type: 'boolean', description: 'true: take it out instead.' },
        },
      },
    },
  },
} as const

/** Says what is wrong with a filter rule, at its place in the file. */
export function checkFilters(rules: readonly FilterRule[], nodeId: string, fail: Fail): void {
  try {
    compileFilters(rules, nodeId)
  } catch (error) {
    if (!(error instanceof OverlayError) || error.code !== 'ERR_FILTER_RULE') throw error
    const { rule, path, problem } = error.details as { rule: string; path: string[]; problem: string } // biome-ignore format: one line
    fail(['filters', ...path], `${problem} (rule ${rule})`)
  }
}
