import { text } from '../text/text.ts'

/** What is alike of policies and user roles, and what each calls it. */
export const RULE_KINDS = {
  policy: {
    kind: 'policy',
    api: '/api/policies',
    room: '/policies',
    words: text.policies,
    template: {
      name: 'site',
      version: 1,
      in: [{ match: {}, require: { assurance: 'none' } }],
      out: [{ match: {}, carrier: 'members', sign: { key: { usage: 'sign-message' }, lifetimeS: 60 } }], // biome-ignore format: one line
      forward: [{ match: {}, treat: 'pass' }],
    },
  },
  role: {
    kind: 'role',
    api: '/api/roles',
    room: '/roles',
    words: text.userRoles,
    template: { name: 'night-shift', version: 1, allow: [{ actions: ['Reset'], to: 'CS*' }] },
  },
} as const

export type OfKind = (typeof RULE_KINDS)[keyof typeof RULE_KINDS]

/** Where one document is asked for. */
export function apiOf({ api }: OfKind, name: string): string {
  return `${api}/${encodeURIComponent(name)}`
}

/** Enough of a digest or key id to tell it from others by eye. */
export function beginning(id: string): string {
  return id.slice(0, 12)
}

/** A document as it is read and written here. */
export function textOf(document: object): string {
  return JSON.stringify(document, undefined, 2)
}
