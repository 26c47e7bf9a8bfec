import { READ_TOKENS, ROLES } from '../../storage/account-store.ts'
import { newLogin, openAccounts } from '../accounts.ts'
import { loadConfig } from '../config.ts'

interface LoginOptions {
  readonly name: string
  /** Print an API token of this name instead. */
  readonly apiToken?: string
  readonly role?: string
  /** Whether it may read id tokens; undefined: as the role may. */
  readonly tokensRead?: boolean
}

/** `wattweave login FILE`: prints an address that lets somebody in, once and for 15 minutes. */
export async function login(file: string, options: LoginOptions): Promise<void> {
  const { name, apiToken, role: wanted = 'viewer', tokensRead } = options
  const role = ROLES.find((known) => known === wanted)
  if (!role) throw new Error(`--role must be ${ROLES.join(', ')}, not "${wanted}"`)
  // Whoever may do this may do everything, and is let in as such.
  if (options.role !== undefined && apiToken === undefined) throw new Error('--role is that of an API token, and who logs in here is an admin; add --api-token NAME, or make a user with that role by PUT /api/users/NAME') // biome-ignore format: one line
  if (tokensRead !== undefined && apiToken === undefined) throw new Error('--tokens-read and --no-tokens-read are of an API token; add --api-token NAME, or say it of a user by PUT /api/users/NAME') // biome-ignore format: one line
  const config = loadConfig(file)
  const { http } = config
  if (!http) throw new Error(`${file} has no console; add: http: { port: 8350 }`)
  if (!http.login) throw new Error(`${file} has http.login: false; nobody has to log in there`)
  if (http.port === 0 && !apiToken)
    throw new Error(`${file} has http.port: 0; give the console a fixed port`)
  const accounts = await openAccounts(config)
  try {
    if (apiToken !== undefined) {
      const permissions = tokensRead === undefined ? undefined : tokensRead ? READ_TOKENS : []
      const { secret } = accounts.newApiToken(apiToken, role, { permissions })
      process.stdout.write(`${secret}\n`)
      return
    }
    const host = http.host.includes(':') ? `[${http.host}]` : http.host
    process.stdout.write(`${newLogin(accounts, `http://${host}:${http.port}/`, name)}\n`)
  } finally {
    accounts.close()
  }
}
