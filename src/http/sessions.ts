import type { FastifyInstance, FastifyRequest } from 'fastify'
import { systemClock } from '../primitives/clock.ts'
import {
  type AccountStore,
  type ApiTokenSettings,
  PERMISSIONS,
  type Permission,
  permissionsOf,
  ROLES,
  type User,
  type UserSettings,
} from '../storage/account-store.ts'
import { Secret } from '../transport/credentials.ts'
import { createPasswordCheck, storePassword } from '../transport/passwords.ts'
import { AttemptThrottle } from '../transport/throttle.ts'
import { giveCookie, isPermitted, takeCookie } from './access.ts'
import type { ApiTokenList, AuditPage, NewApiToken, SessionView, UserList, UserView } from './account-views.ts' // biome-ignore format: one line
import { FailedLogins } from './failed-logins.ts'
import { RequestProblem } from './problems.ts'

const MIN_PASSWORD = 12
const NAME = { type: 'string', pattern: '^[\\w.@-]{1,64}$' } as const
const LOGIN = {
  type: 'object',
  additionalProperties: false,
  properties: {
    link: { type: 'string', minLength: 1, maxLength: 200 },
    name: NAME,
    password: { type: 'string', minLength: 1, maxLength: 200 },
  },
  oneOf: [{ required: ['link'] }, { required: ['name', 'password'] }],
} as const

interface Login {
  readonly link?: string
  readonly name?: string
  readonly password?: string
}

/** `/api/session`: log in, see who one is, log out. */
export function serveSessions(app: FastifyInstance, accounts: AccountStore | undefined): void {
  const throttle = new AttemptThrottle(systemClock)

  app.get(
    '/api/session',
    { config: { role: 'anybody' }, schema: { summary: 'Who I am', tags: ['session'] } },
    async (request): Promise<SessionView> => {
      const { principal, session } = request
      if (!principal) return { needsLogin: true }
      const { name, role, permissions } = principal
      return {
        needsLogin: false,
        user: { name, role, permissions },
        ...(session && { csrf: session.csrf }),
      }
    },
  )

  if (!accounts) return
  const failed = new FailedLogins(accounts, systemClock)
  app.addHook('onClose', async () => failed.stop())
  app.post<{ Body: Login }>(
    '/api/session',
    {
      config: { role: 'anybody' },
      schema: {
        summary: 'Log in with a one-time link or a password',
        tags: ['session'],
        body: LOGIN,
      },
    },
    async (request, reply): Promise<SessionView> => {
      const user = await logIn(request.body, request.ip, failed)
      // What the browser had before may have been given to it by somebody else.
      takeCookie(request, reply, accounts)
      const { secret, csrf } = accounts.openSession(user)
      accounts.addAudit({ who: user.name, what: 'log in', object: request.ip, outcome: 200 })
      giveCookie(request, reply, secret)
      return { needsLogin: false, user, csrf }
    },
  )
  app.delete(
    '/api/session',
    { config: { role: 'viewer' }, schema: { summary: 'Log out', tags: ['session'] } },
    async (request, reply) => {
      takeCookie(request, reply, accounts)
      return reply.code(204).send()
    },
  )

  async function logIn(said: Login, ip: string, failed: FailedLogins): Promise<User> {
    const { link, name = '', password = '' } = said
    const who = link === undefined ? name.toLowerCase() : 'a link'
    const waitMs = throttle.delayMs(who, ip)
    if (waitMs > 0 || throttle.isFlooding(ip)) {
      failed.refused()
      throw new RequestProblem(429, `too many wrong attempts; try again in ${Math.ceil(waitMs / 1000) || 60} s`) // biome-ignore format: one line
    }
    const user =
      link === undefined ? await byPassword(name, password) : accounts?.spendLoginLink(link)
    if (user) {
      throttle.succeeded(who, ip)
      return user
    }
    throttle.failed(who, ip)
    failed.wrong(said.name, ip)
    const wrong = link === undefined ? 'user or password is wrong' : 'this link was used before or is too old; make another one with: wattweave login' // biome-ignore format: one line
    throw new RequestProblem(401, wrong)
  }

  async function byPassword(name: string, password: string): Promise<User | undefined> {
    const user = accounts?.user(name)
    // Somebody who is not there takes as long as somebody who is.
    const stored = user?.password ?? (await nobody)
    const check = createPasswordCheck(new Secret(stored))
    const matches = await check.matches(Buffer.from(password))
    if (!matches || !user?.password) return undefined
    const { name: known, role, permissions } = user
    return { name: known, role, permissions }
  }
}

const nobody = storePassword(new Secret('nobody has this password'))

const GIVEN = {
  type: 'array',
  uniqueItems: true,
  items: { enum: PERMISSIONS },
  description: 'What it may beside what the role lets it. Left out: as it is, and of a new one `tokens:read` from operator on. Whoever lacks one cannot give it', // biome-ignore format: one line
} as const
const USER = {
  type: 'object',
  additionalProperties: false,
  required: ['role'],
  properties: {
    role: { enum: ROLES },
    password: { type: 'string', minLength: MIN_PASSWORD, maxLength: 200 },
    permissions: GIVEN,
  },
} as const
const API_TOKEN = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'role'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 64 },
    role: { enum: ROLES },
    permissions: GIVEN,
    expiresAt: { type: 'string', format: 'date-time' },
  },
} as const

/** `/api/users`, `/api/api-tokens`, `/api/audit`: for admins only. */
export function serveAccounts(app: FastifyInstance, accounts: AccountStore): void {
  const config = { role: 'admin' } as const
  const tags = ['accounts']

  app.get(
    '/api/users',
    { config, schema: { summary: 'All users', tags } },
    async (): Promise<UserList> => ({ users: accounts.users() }),
  )
  app.put<{ Params: { name: string }; Body: Pick<User, 'role'> & UserSettings }>(
    '/api/users/:name',
    {
      config,
      schema: { summary: 'Enter or change a user', tags, params: named(NAME), body: USER },
    },
    async (request, reply) => {
      const { name } = request.params
      const { role, password } = request.body
      const permissions = givenToUser(request, name, request.body)
      request.audited = { role, ...(permissions && { permissions }), passwordIsSet: password !== undefined } // biome-ignore format: one record
      keepAnAdmin(name, role)
      const stored = password === undefined ? undefined : await storePassword(new Secret(password))
      accounts.putUser(name, role, { password: stored, permissions })
      const { permissions: has = [] } = accounts.user(name) ?? {}
      return reply.code(200).send({ name, role, permissions: has } satisfies UserView)
    },
  )
  app.delete<{ Params: { name: string } }>(
    '/api/users/:name',
    { config, schema: { summary: 'Remove a user', tags, params: named(NAME) } },
    async ({ params: { name } }, reply) => {
      keepAnAdmin(name, undefined)
      if (!accounts.removeUser(name)) throw new RequestProblem(404, `there is no user ${name}`)
      return reply.code(204).send()
    },
  )
  app.get('/api/api-tokens', { config, schema: { summary: 'API tokens, without their secrets', tags } }, async (): Promise<ApiTokenList> => ({ apiTokens: accounts.apiTokens() })) // biome-ignore format: one route
  app.post<{ Body: Pick<User, 'name' | 'role'> & ApiTokenSettings }>(
    '/api/api-tokens',
    { config, schema: { summary: 'Make an API token; it is shown once', tags, body: API_TOKEN } },
    async (request, reply) => {
      const { name, role, expiresAt } = request.body
      const { permissions: asked } = request.body
      const lacking = (asked ?? permissionsOf(role)).filter((one) => !isPermitted(request, one))
      if (asked && lacking.length > 0) throw cannotGive(lacking)
      const permissions = (asked ?? permissionsOf(role)).filter((one) => !lacking.includes(one))
      const { id, secret } = accounts.newApiToken(name, role, { expiresAt, permissions })
      request.audited = { id, name, role, permissions, ...(expiresAt !== undefined && { expiresAt }) } // biome-ignore format: one record
      return reply.code(201).send({ id, name, role, permissions, token: secret } satisfies NewApiToken) // biome-ignore format: one line
    },
  )
  app.delete<{ Params: { id: number } }>(
    '/api/api-tokens/:id',
    { config, schema: { summary: 'Withdraw an API token', tags, params: numbered } },
    async ({ params: { id } }, reply) => {
      if (!accounts.removeApiToken(id)) throw new RequestProblem(404, `there is no API token ${id}`)
      return reply.code(204).send()
    },
  )
  app.get<{ Querystring: { before?: number; limit: number } }>(
    '/api/audit',
    { config, schema: { summary: 'Who changed what, newest first', tags, querystring: PAGE } },
    async ({ query: { before, limit } }): Promise<AuditPage> => {
      const entries = accounts.audit(limit, before)
      const last = entries.length === limit ? entries.at(-1) : undefined
      return { entries, ...(last && { older: last.id }) }
    },
  )

  /** What is to be stored of a user's permissions; undefined: what is. */
  function givenToUser(
    request: FastifyRequest,
    name: string,
    { role, password, permissions }: Pick<User, 'role'> & UserSettings,
  ): readonly Permission[] | undefined {
    const known = accounts.user(name)
    const kept = known?.permissions ?? []
    const wanted = permissions ?? (known?.role === role ? kept : permissionsOf(role))
    // A password is a way into all that its user may.
    const given = password === undefined ? wanted.filter((one) => !kept.includes(one)) : wanted
    const lacking = given.filter((one) => !isPermitted(request, one))
    if (lacking.length === 0) return permissions
    if (permissions || lacking.some((one) => kept.includes(one))) throw cannotGive(lacking)
    return wanted.filter((one) => !lacking.includes(one))
  }

  /** Without one nobody could change anything any more. */
  function keepAnAdmin(name: string, role: User['role'] | undefined): void {
    const others = accounts.users().filter((user) => user.name.toLowerCase() !== name.toLowerCase())
    const isLast = accounts.user(name)?.role === 'admin' && role !== 'admin'
    if (isLast && !others.some((user) => user.role === 'admin')) {
      throw new RequestProblem(409, `${name} is the last admin`)
    }
  }
}

function cannotGive([permission]: readonly Permission[]): RequestProblem {
  return new RequestProblem(403, `${permission} can be given only by who has it`)
}

const named = (name: object) => ({ type: 'object', properties: { name } })
export const numbered = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } }
const PAGE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    before: { type: 'integer', minimum: 1 },
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
  },
} as const
