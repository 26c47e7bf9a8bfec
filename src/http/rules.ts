import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OverlayError } from '../errors.ts'
import type { ChangeAnswer, KnownDocument, ToldTrial } from '../node/management-messages.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { canonicalize } from '../security/canonical.ts'
import { OWNER } from '../security/policies/rule-book.ts'
import { compileSignaturePolicy } from '../security/policies/signature-policy.ts'
import { compileUserRole } from '../security/roles/user-role.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem } from './problems.ts'
import { ruleHistory } from './rule-history.ts'
import { momentOf, secondsNow, type TrustSources, trustOf } from './trust.ts'
import type { RuleChangeView, RuleDetail, RuleHistory, RulePage, RuleView } from './trust-views.ts'

/** What a kind of documents is called, where it is served, and how one is judged. */
export interface RuleKind {
  readonly kind: 'policy' | 'role'
  readonly path: '/api/policies' | '/api/roles'
  readonly word: string
  /** @throws {OverlayError} with the place and what is wrong there. */
  readonly compile: (document: unknown) => unknown
}

const POLICIES: RuleKind = { kind: 'policy', path: '/api/policies', word: 'signature policy', compile: compileSignaturePolicy } // biome-ignore format: one line
const ROLES: RuleKind = { kind: 'role', path: '/api/roles', word: 'user role', compile: compileUserRole } // biome-ignore format: one line

const NAMED = { type: 'object', properties: { name: { type: 'string', minLength: 1, maxLength: 255 } } } as const // biome-ignore format: one line
const OPTIONS = {
  dryRun: { type: 'boolean', description: 'Only tell what would change' },
  confirmWithinS: {
    type: 'integer',
    minimum: 1,
    maximum: 3_600,
    description: 'How long an owner has to sign something that the new rules accept; default 60. Whatever nobody confirms undoes itself', // biome-ignore format: one line
  },
} as const
const tags = ['rules']

interface Options {
  readonly expectedVersion: number
  readonly dryRun?: boolean
  readonly confirmWithinS?: number
}
interface Change extends Options {
  readonly document: JsonObject
}
interface Named {
  readonly name: string
}

/** `/api/policies` and `/api/roles`: what a node obeys, and how that is changed. */
export function serveRules(app: FastifyInstance, view: ViewSources): void {
  for (const rules of [POLICIES, ROLES]) {
    serveReading(app, view, rules)
    serveChanging(app, view, rules)
  }
  serveConfirming(app, view)
}

/** Where nobody else could confirm a change, whoever reaches the console of the node may: no rules lock that out. */
function serveConfirming(app: FastifyInstance, view: ViewSources): void {
  const summary = 'Let what is on trial stay, where no owner elsewhere could confirm it'
  app.post('/api/rules/confirmation', { schema: { summary, tags } }, async (request, reply) => {
    const keys = trustOf(view)
    const confirmers = confirmersOf(keys, view.node.id, secondsNow(view))
    const { trial } = keys.trust.rules
    if (!trial) throw new RequestProblem(409, 'nothing is on trial')
    if (confirmers.length > 0) throw new RequestProblem(409, `${confirmers.join(', ')} can confirm it by any message that the new rules accept, which proves that they lock nobody out`) // biome-ignore format: one line
    keys.trust.confirmTrial()
    request.audited = { until: momentOf(trial.untilS) }
    return reply.code(204).send()
  })
}

function serveReading(app: FastifyInstance, view: ViewSources, of: RuleKind): void {
  const { path, word } = of
  app.get(
    path,
    { schema: { summary: `Every ${word} that holds, and what is on trial`, tags } },
    async (): Promise<RulePage> => {
      const { documents, trial } = rulesOf(view, of)
      const confirmers = confirmersOf(trustOf(view), view.node.id, secondsNow(view))
      return { documents: documents.map(ruleView), confirmers, ...(trial && { trial }) }
    },
  )
  app.get<{ Params: Named }>(
    `${path}/:name`,
    { schema: { summary: `One ${word}, as it was written`, tags, params: NAMED } },
    async ({ params: { name } }): Promise<RuleDetail> => {
      const { documents, trial } = rulesOf(view, of, name)
      const [known] = documents
      if (!known?.document) throw new RequestProblem(404, `there is no ${word} ${name}`)
      const highest = trustOf(view).trust.rules.highest.get(`${of.kind} ${name}`) ?? known.version
      return { ...ruleView(known), document: known.document, nextVersion: highest + 1, ...(trial && { trial }) } // biome-ignore format: one line
    },
  )
  app.get<{ Params: Named; Querystring: { before?: number; limit: number } }>(
    `${path}/:name/history`,
    {
      schema: {
        summary: `What became of a ${word}, newest first`,
        tags,
        params: NAMED,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            before: { type: 'integer', minimum: 1 },
            limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
          },
        },
      },
    },
    async ({ params, query }): Promise<RuleHistory> => {
      trustOf(view)
      return ruleHistory(view, of, { ...params, ...query })
    },
  )
}

function serveChanging(app: FastifyInstance, view: ViewSources, of: RuleKind): void {
  const { path, word, kind } = of
  app.put<{ Params: Named; Body: Change }>(
    `${path}/:name`,
    {
      schema: {
        summary: `Add or replace a ${word}, or try what that would do`,
        description: 'It holds at once, on trial: it undoes itself unless an owner, in time, signs something later that the new rules accept.', // biome-ignore format: one line
        tags,
        params: NAMED,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['document', 'expectedVersion'],
          properties: {
            document: { type: 'object' },
            expectedVersion: {
              type: 'integer',
              minimum: 0,
              description: 'The version that is replaced; 0: there is none yet',
            },
            ...OPTIONS,
          },
        },
      },
    },
    async (request) => {
      trustOf(view)
      const { document, ...options } = request.body
      const { name } = request.params
      const { version } = document
      request.audited = { ...(typeof version === 'number' && { version }), ...options }
      assertCompiles(of, document)
      if (document.name !== name) throw new RequestProblem(400, `the ${word} has another name than ${name}`, '/document/name') // biome-ignore format: one line
      return told(request, put(view, kind, document, options))
    },
  )
  app.delete<{ Params: Named; Querystring: Options }>(
    `${path}/:name`,
    {
      schema: {
        summary: `Delete a ${word}, or try what that would do`,
        tags,
        params: NAMED,
        querystring: {
          type: 'object',
          additionalProperties: false,
          required: ['expectedVersion'],
          properties: { expectedVersion: { type: 'integer', minimum: 1 }, ...OPTIONS },
        },
      },
    },
    async (request) => {
      const { name } = request.params
      if (rulesOf(view, of, name).documents.length === 0) throw new RequestProblem(404, `there is no ${word} ${name}`) // biome-ignore format: one line
      const asked = { name, ...request.query }
      request.audited = { ...request.query }
      const action = kind === 'policy' ? 'DeleteSignaturePolicy' : 'DeleteUserRole'
      return told(request, view.node.manage(action, asked))
    },
  )
}

function put(
  { node }: ViewSources,
  kind: RuleKind['kind'],
  document: JsonObject,
  { expectedVersion, ...options }: Options,
): ChangeAnswer {
  const isNew = expectedVersion === 0
  const replaced = { expectedVersion, ...options }
  if (kind === 'policy') {
    return isNew
      ? node.manage('AddSignaturePolicy', { signaturePolicy: document, ...options })
      : node.manage('UpdateSignaturePolicy', { signaturePolicy: document, ...replaced })
  }
  return isNew
    ? node.manage('AddUserRole', { userRole: document, ...options })
    : node.manage('UpdateUserRole', { userRole: document, ...replaced })
}

/** @throws {RequestProblem} 409 with the sentence where it was refused. */
function told(request: FastifyRequest, answer: ChangeAnswer): RuleChangeView {
  if (answer.status === 'Rejected') {
    throw new RequestProblem(answer.problem === 'malformed' ? 422 : 409, answer.sentence)
  }
  const { documents, trialEndsAt, differences } = answer
  const [{ version, digest } = {}] = documents
  request.audited = { ...request.audited, version, digest }
  return {
    documents,
    ...(trialEndsAt !== undefined && { trialEndsAt }),
    ...(differences && { differences }),
  }
}

/** @throws {RequestProblem} 422 that points to what is wrong in the document. */
function assertCompiles({ compile }: RuleKind, document: JsonObject): void {
  try {
    compile(document)
    // What cannot be written in one form has no digest.
    canonicalize(document)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    const { place = '' } = error.details as { readonly place?: string }
    // Of the whole document no place is named, but in words.
    const inside = place === '' || place.includes(' ') ? '' : `/${place.replace(/^\//, '')}`
    throw new RequestProblem(422, error.message, `/document${inside}`)
  }
}

function rulesOf(
  view: ViewSources,
  { kind }: RuleKind,
  name?: string,
): { readonly documents: readonly KnownDocument[]; readonly trial?: ToldTrial } {
  trustOf(view)
  const asked = name === undefined ? {} : { name }
  if (kind === 'policy') {
    const { signaturePolicies: documents, ...rest } = view.node.manage('GetSignaturePolicies', asked) // biome-ignore format: one line
    return { documents, ...rest }
  }
  const { userRoles: documents, ...rest } = view.node.manage('GetUserRoles', asked)
  return { documents, ...rest }
}

/** What a node signs itself never comes to it, so it cannot show that the rules let it in. */
function confirmersOf({ trust }: TrustSources, nodeId: NodeId, nowS: number): readonly string[] {
  const owners = trust.directory
    .records()
    .filter(({ key, owner, roles }) => roles.includes(OWNER) && !isSameId(owner, nodeId) && trust.directory.find(key.kid, 'sign-message', nowS).status === 'usable') // biome-ignore format: one line
  return [...new Set(owners.map(({ owner }) => owner))].sort()
}

function ruleView({ name, version, digest, onTrial, document }: KnownDocument): RuleView {
  const { description } = document ?? {}
  return {
    name,
    version,
    digest,
    onTrial: onTrial === true,
    ...(typeof description === 'string' && { description }),
  }
}
