import type { TestContext } from 'node:test'
import { AccountStore, ROLES, type Role } from '../../src/storage/account-store.ts'
import { type CsmsConsole, startCsmsConsole } from './csms-console.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what is answered is what the tests look at
  readonly body: any
}

export interface Api extends CsmsConsole {
  readonly accounts: AccountStore
  /** Asks with the API token of a role, or with none. */
  ask(role: Role | undefined, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> // biome-ignore format: one line
}

/** A CSMS whose API knows who asks, with an API token for each role. */
export async function startApi(context: TestContext): Promise<Api> {
  const accounts = new AccountStore(':memory:')
  const secrets = new Map(ROLES.map((role) => [role, accounts.newApiToken(role, role).secret]))
  const console = await startCsmsConsole(context, { accounts })
  context.after(() => accounts.close())
  return {
    ...console,
    accounts,
    async ask(role, method, path, body, headers = {}) {
      const response = await fetch(new URL(path, console.server.url), {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(role && { authorization: `Bearer ${secrets.get(role)}` }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text } // biome-ignore format: one record
    },
  }
}
