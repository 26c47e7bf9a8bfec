import swagger from '@fastify/swagger'
import { Ajv } from 'ajv'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { isDateTime } from '../messages/date-time.ts'
import type { Role } from '../storage/account-store.ts'
import { roleFor } from './access.ts'
import { withAnswers } from './answers.ts'

const OPTIONS = { useDefaults: true, strict: false, formats: { 'date-time': isDateTime } } as const

/**
 * Checks what is asked by the schemas of the routes, and describes the routes from the same schemas
 * at `GET /api/openapi.json`.
 *
 * Bodies are taken literally; what stands in an address is text, so numbers are read from it.
 *
 * @spec OpenAPI 3.1
 */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  const literal = new Ajv(OPTIONS)
  const reading = new Ajv({ ...OPTIONS, coerceTypes: true })
  app.setValidatorCompiler<FastifySchema>(({ schema, httpPart }) =>
    (httpPart === 'body' ? literal : reading).compile(schema),
  )
  // What is answered is written by our own types.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  const roles = new Map<string, Role | 'anybody'>()
  const mayBeEmpty = new Set<string>()
  app.addHook('onRoute', ({ method, url, config }) => {
    const path = url.replace(/:(\w+)/g, '{$1}')
    for (const one of [method].flat()) {
      roles.set(`${one} ${path}`, roleFor(one, url, config?.role))
      if (config?.mayBeEmpty) mayBeEmpty.add(`${one} ${path}`)
    }
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Wattweave',
        version,
        description:
          'What a node knows and does. Errors are application/problem+json (RFC 9457). ' +
          'Requests are made with an API token, or with a session and its x-csrf-token.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'wattweave-session' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
  })
  app.get(
    '/api/openapi.json',
    { config: { role: 'anybody' }, schema: { summary: 'This description', tags: ['about'] } },
    async () =>
      withAnswers(app.swagger(), {
        roleOf: (operation) => roles.get(operation) ?? 'anybody',
        mayBeEmpty,
      }),
  )
}
