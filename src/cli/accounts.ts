import { join } from 'node:path'
import type { AccountStore } from '../storage/account-store.ts'
import type { Config } from './config.ts'

const FIRST_ADMIN = 'admin'

/** Who may use the console and API of the node that a configuration describes. */
export async function openAccounts({ data }: Config): Promise<AccountStore> {
  const { AccountStore } = await import('../storage/account-store.ts')
  return new AccountStore(join(data, 'accounts.sqlite'))
}

/** Where nobody can log in yet there has to be a way for the first one; nobody has a password. */
export function firstLogin(accounts: AccountStore, consoleUrl: string): string | undefined {
  return accounts.users().length > 0 ? undefined : newLogin(accounts, consoleUrl, FIRST_ADMIN)
}

/**
 * The address that lets a user in, once and for 15 minutes; a user who is not there yet is entered
 * as admin: whoever may write these files may everything anyway.
 */
export function newLogin(accounts: AccountStore, consoleUrl: string, name = FIRST_ADMIN): string {
  if (!accounts.user(name)) accounts.putUser(name, 'admin')
  // Behind the #: it is sent to no server, and stands in no log.
  return new URL(`login#${accounts.newLoginLink(name)}`, consoleUrl).href
}
