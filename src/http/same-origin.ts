import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problems.ts'

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host.replace(/^\[|\]$/g, ''))
}

/**
 * On a loopback address any page in the same browser could reach the console under a name of its
 * own that resolves to 127.0.0.1; such names are refused.
 */
export function refuseForeignHosts(app: FastifyInstance, host: string): void {
  if (!isLoopback(host)) return
  app.addHook('onRequest', async ({ hostname }, reply) => {
    if (isLoopback(hostname)) return
    const name = hostname.replace(/^\[|\]$/g, '')
    return sendProblem(reply, 421, `this console is not reachable as ${name}`)
  })
}

/**
 * What changes something takes JSON from the console's own page only. A browser names the origin of
 * each such request, and asks before it sends JSON to a foreign one, which is never granted.
 */
export function refuseForeignWrites(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return
    const { headers, protocol, host } = request
    if (!isOwnOrigin(headers, `${protocol}://${host}`)) {
      return sendProblem(reply, 403, 'only the console itself may ask for this')
    }
    // What has no body has none to be misread.
    if (request.method === 'DELETE' && headers['content-type'] === undefined) return
    if (request.routeOptions.config.mayBeEmpty && isEmpty(headers)) {
      // Whoever sends nothing may still say of what type it is.
      delete headers['content-type']
      return
    }
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json') {
      return sendProblem(reply, 415, 'the body must be application/json')
    }
  })
}

/** What is left out counts as nothing to say: an empty object, which the schema of the route judges. */
export function acceptEmptyBodies(app: FastifyInstance): void {
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.mayBeEmpty) request.body ??= {}
  })
}

/** A form of a foreign page has a type, which is told before anything else of it is looked at. */
function isEmpty(headers: IncomingHttpHeaders): boolean {
  const { 'content-type': type = 'application/json', 'content-length': length = '0' } = headers
  const isJson = type.split(';')[0]?.trim().toLowerCase() === 'application/json'
  return isJson && Number(length) === 0 && headers['transfer-encoding'] === undefined
}

/** @param own Scheme, name and port that the request came to. */
export function isOwnOrigin(headers: IncomingHttpHeaders, own: string): boolean {
  const { origin, 'sec-fetch-site': site = 'same-origin' } = headers
  return site === 'same-origin' && (origin === undefined || origin === own)
}
