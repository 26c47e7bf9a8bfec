import { ROLES } from '../../storage/account-store.ts'
import { newLogin, openAccounts } from '../accounts.ts'
import { loadConfig } from '../config.ts'

interface LoginOptions {
  readonly name: string
  /** Print an API token of this name instead. */
  readonly apiToken?: string
  readonly role: string
}

/** `wattweave login FILE`: prints an address that lets somebody in, once and for 15 minutes. */
export async function login(file: string, options: LoginOptions): Promise<void> {
  const { name, apiToken } = options
  const role = ROLES.find((known) => known === options.role)
  if (!role) throw new Error(`--role must be ${ROLES.join(', ')}, not "${options.role}"`)
  const config = loadConfig(file)
  const { http } = config
  if (!http) throw new Error(`${file} has no console; add: http: { port: 8350 }`)
  if (!http.login) throw new Error(`${file} has http.login: false; nobody has to log in there`)
  if (http.port === 0 && !apiToken)
    throw new Error(`${file} has http.port: 0; give the console a fixed port`)
  const accounts = await openAccounts(config)
  try {
    if (apiToken !== undefined) {
      process.stdout.write(`${accounts.newApiToken(apiToken, role).secret}\n`)
      return
    }
    const host = http.host.includes(':') ? `[${http.host}]` : http.host
    process.stdout.write(`${newLogin(accounts, `http://${host}:${http.port}/`, name)}\n`)
  } finally {
    accounts.close()
  }
}
