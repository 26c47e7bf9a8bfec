import type { IncomingHttpHeaders } from 'node:http'
import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type AccountStore,
  includesRole,
  PERMISSIONS,
  type Permission,
  type Role,
  SESSION_MS,
  type Session,
  type User,
} from '../storage/account-store.ts'
import { sendProblem } from './problems.ts'

/** Who asks, and by what. */
export interface Principal extends User {
  readonly by: 'session' | 'api-token' | 'nothing'
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined
    session: Session | undefined
    /** What the audit log says was done, beside the address; never a secret. */
    audited: Readonly<Record<string, unknown>> | undefined
  }
  interface FastifyContextConfig {
    /** The least role that may; `anybody` needs none. Without it: viewers read, admins change. */
    role?: Role | 'anybody'
    /** The body may be left out, and counts as an empty object. */
    mayBeEmpty?: boolean
  }
}

const COOKIE = 'wattweave-session'
export const CSRF_HEADER = 'x-csrf-token'
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Lets nobody through who may not. A request is made in the name of a session (cookie, and for each
 * change the token of the session's page) or of an API token (`Authorization: Bearer`).
 *
 * @param accounts Undefined: nobody is asked who he is, and whoever reaches the console may
 *   everything. The overview says so.
 */
export async function guardAccess(
  app: FastifyInstance,
  accounts: AccountStore | undefined,
): Promise<void> {
  await app.register(fastifyCookie)
  app.decorateRequest('principal', undefined)
  app.decorateRequest('session', undefined)
  app.decorateRequest('audited', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const needed = neededRole(request)
    const { principal, session } = accounts ? whoAsks(request.headers, accounts) : OPEN
    request.principal = principal
    request.session = session
    if (needed === 'anybody') return
    if (!principal) {
      return sendProblem(reply.header('www-authenticate', 'Bearer'), 401, 'log in, or send an API token') // biome-ignore format: one line
    }
    if (!includesRole(principal.role, needed)) {
      return sendProblem(reply, 403, `this needs the role ${needed}; ${principal.name} is ${principal.role}`) // biome-ignore format: one line
    }
    if (session && WRITES.has(request.method) && request.headers[CSRF_HEADER] !== session.csrf) {
      return sendProblem(reply, 403, `the header ${CSRF_HEADER} is missing or of another session`)
    }
  })
  if (!accounts) return
  app.addHook('onResponse', async (request, reply) => {
    const { method, principal } = request
    if (!WRITES.has(method) || !principal) return
    const { url = request.url } = request.routeOptions
    const object = JSON.stringify({ ...(request.params ?? {}), ...request.audited })
    accounts.addAudit({ who: principal.name, what: `${method} ${url}`, object, outcome: reply.statusCode }) // biome-ignore format: one line
  })
}

/** Where nobody is asked, everybody is this one. */
const OPEN: ReturnType<typeof whoAsks> = {
  principal: { name: 'anybody', role: 'admin', permissions: PERMISSIONS, by: 'nothing' },
}

function neededRole({ routeOptions, url, method }: FastifyRequest): Role | 'anybody' {
  const { config, url: route = '' } = routeOptions
  // What is not found has the route of the page or none, but may be asked for below the API.
  return roleFor(method, route.startsWith('/api/') ? route : url, config?.role)
}

/** Whether whoever asks has a permission, whatever the role. */
export function isPermitted(
  { principal }: Pick<FastifyRequest, 'principal'>,
  permission: Permission,
): boolean {
  return principal?.permissions.includes(permission) ?? false
}

/** The least role that may ask a route, by what it says itself and otherwise by its method. */
export function roleFor(
  method: string,
  url: string,
  said: Role | 'anybody' | undefined,
): Role | 'anybody' {
  if (said) return said
  // Pages, metrics and health hold nothing of anybody; what is not an API path is none of it.
  if (!url.startsWith('/api/')) return 'anybody'
  return WRITES.has(method) ? 'admin' : 'viewer'
}

/** In whose name a request is made; nobody's where nothing valid comes with it. */
export function whoAsks(
  headers: IncomingHttpHeaders,
  accounts: AccountStore,
): { readonly principal?: Principal; readonly session?: Session } {
  const [scheme, secret = ''] = (headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer') {
    const token = accounts.apiToken(secret)
    return token ? { principal: { name: `token ${token.name}`, role: token.role, permissions: token.permissions, by: 'api-token' } } : {} // biome-ignore format: one line
  }
  const [, said] = /(?:^|;\s*)wattweave-session=([^;\s]+)/.exec(headers.cookie ?? '') ?? []
  const session = said === undefined ? undefined : accounts.session(said)
  return session ? { session, principal: { ...session.user, by: 'session' } } : {}
}

/** The cookie of a new session; scripts cannot read it, and no other site can send it. */
export function giveCookie(request: FastifyRequest, reply: FastifyReply, secret: string): void {
  const secure = request.protocol === 'https'
  reply.setCookie(COOKIE, secret, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge: SESSION_MS / 1000 }) // biome-ignore format: one line
}

/** The session that a request came with is over. */
export function takeCookie(request: FastifyRequest, reply: FastifyReply, accounts: AccountStore) {
  const said = request.cookies[COOKIE]
  if (said !== undefined) accounts.closeSession(said)
  reply.clearCookie(COOKIE, { path: '/' })
}
