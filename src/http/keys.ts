import type { FastifyInstance } from 'fastify'
import { isNodeId, isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import { systemRandomness } from '../primitives/randomness.ts'
import { newCommissioningCode } from '../security/keys/commissioning.ts'
import type { Revocation } from '../security/keys/key-record.ts'
import { nextRevocationList, signRevocationList } from '../security/keys/revocation-lists.ts'
import { grantable, keyPage, keyView, revocationsView } from './key-views.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem } from './problems.ts'
import { accepted, isAdministrator, momentOf, revocationListOf, secondsNow, signed, type TrustSources, trustOf } from './trust.ts' // biome-ignore format: one line
import type { InvitationList, KeyPage, KeyView, NewInvitation, RevocationsView } from './trust-views.ts' // biome-ignore format: one line

const tags = ['keys']
const KID = { type: 'string', minLength: 1, maxLength: 255 } as const

interface Invitation {
  readonly id: string
  readonly as?: string
  readonly roles?: readonly string[]
}

/** `/api/keys`: whose keys are known here, who is let in, and which keys count no more. */
export function serveKeys(app: FastifyInstance, view: ViewSources): void {
  const { node } = view

  app.get<{ Querystring: { after?: string; limit: number } }>(
    '/api/keys',
    {
      schema: {
        summary: 'Keys that are known here, the own one first',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            after: KID,
            limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
          },
        },
      },
    },
    async ({ query }): Promise<KeyPage> => keyPage(trustOf(view), query, secondsNow(view)),
  )
  app.get<{ Params: { kid: string } }>(
    '/api/keys/:kid',
    {
      schema: {
        summary: 'One key',
        tags,
        params: { type: 'object', properties: { kid: KID } },
      },
    },
    async ({ params: { kid } }): Promise<KeyView> => known(kid),
  )
  app.get(
    '/api/keys/invitations',
    { schema: { summary: 'Who was invited and has not come; the codes are not told again', tags } }, // biome-ignore format: one line
    async (): Promise<InvitationList> => {
      const pending = trustOf(view).invitations?.pending() ?? []
      return { invitations: pending.map(({ owner, roles, untilS }) => ({ id: owner, roles, goodUntil: momentOf(untilS) })) } // biome-ignore format: one line
    },
  )
  app.post<{ Body: Invitation }>(
    '/api/keys/invitations',
    {
      schema: {
        summary: 'Invite a node; its code is shown once, and good once and for a day',
        tags,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['id'],
          properties: {
            id: { type: 'string', minLength: 1, maxLength: 255 },
            as: {
              enum: Object.keys(view.keys?.rolesOf ?? KINDS),
              description: 'What it is, and with that its user roles. Default networking-node', // biome-ignore format: one line
            },
            roles: {
              type: 'array',
              maxItems: 32,
              items: { type: 'string', minLength: 1, maxLength: 255 },
              description: 'The user roles themselves, in place of `as`',
            },
          },
        },
      },
    },
    async (request, reply): Promise<NewInvitation> => {
      const keys = trustOf(view)
      const { id, roles } = invited(keys, view, request.body)
      const { text, code } = newCommissioningCode(keys.signer.kid, systemRandomness)
      const invitation = { owner: id, roles, secret: code.secret }
      const goodUntil = momentOf(mayInvite(keys, view).add(invitation))
      request.audited = { id, roles }
      reply.code(201).header('cache-control', 'no-store')
      return { id, roles, code: text, goodUntil }
    },
  )
  app.post<{ Params: { kid: string }; Body: { reason: string } }>(
    '/api/keys/:kid/revocation',
    {
      schema: {
        summary: 'Take a key back: what it signs from now on counts no more',
        tags,
        params: { type: 'object', properties: { kid: KID } },
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['reason'],
          properties: { reason: { type: 'string', minLength: 1, maxLength: 255 } },
        },
      },
    },
    async (request): Promise<KeyView> => {
      const keys = trustOf(view)
      const { kid } = request.params
      const { reason } = request.body
      request.audited = { owner: known(kid).owner, reason }
      const all = revocationListOf(keys.trust)?.revoked ?? []
      if (all.some((one) => one.kid === kid)) throw new RequestProblem(409, `the key ${kid} was revoked already`) // biome-ignore format: one line
      await publish(keys, { kid, since: secondsNow(view), reason })
      return known(kid)
    },
  )
  app.post(
    '/api/keys/revocation-list',
    { schema: { summary: 'Sign the revocation list anew, for another day', tags } },
    async (): Promise<RevocationsView> => {
      const keys = trustOf(view)
      await publish(keys)
      return revocationsView(keys, secondsNow(view))
    },
  )

  /** @throws {RequestProblem} 404 */
  function known(kid: string): KeyView {
    const key = keyView(trustOf(view), kid, secondsNow(view))
    if (key) return key
    throw new RequestProblem(404, `no key ${kid} is known here`)
  }

  /** Signs a new list, takes it, and tells the others. */
  async function publish(keys: TrustSources, revocation?: Revocation): Promise<void> {
    const nowS = secondsNow(view)
    if (!isAdministrator(keys, nowS)) throw new RequestProblem(409, `the key of ${node.id} may revoke nothing: that takes a key with the user role owner or admin, usually that of the CSMS`) // biome-ignore format: one line
    const list = nextRevocationList(revocationListOf(keys.trust), revocation, nowS)
    const revocationList = await signed(signRevocationList(list, keys.signer, nowS))
    accepted(node.manage('UpdateRevocationList', { revocationList }))
    // Whoever cannot be reached is told later, and the log says whom that concerns.
    void node.pushTrust()
  }
}

/** Kinds of nodes; which user roles they get is known where there are keys. */
const KINDS = { csms: [], 'networking-node': [], 'charging-station': [] }

/** @throws {RequestProblem} */
function mayInvite(keys: TrustSources, view: ViewSources) {
  if (keys.invitations && isAdministrator(keys, secondsNow(view))) return keys.invitations
  throw new RequestProblem(409, `the key of ${view.node.id} may let nobody in: invite at a node whose key has the user role owner or admin, usually the CSMS`) // biome-ignore format: one line
}

/** Whom, and with which rights. @throws {RequestProblem} */
function invited(
  keys: TrustSources,
  view: ViewSources,
  { id, as, roles: said }: Invitation,
): { readonly id: NodeId; readonly roles: readonly string[] } {
  if (!isNodeId(id) || isReservedId(id)) throw new RequestProblem(400, `"${id}" is not the id of a node`, '/id') // biome-ignore format: one line
  if (isSameId(id, view.node.id)) throw new RequestProblem(400, `${id} is this node itself`, '/id')
  if (as !== undefined && said) throw new RequestProblem(400, '`as` stands for user roles: say it, or the roles themselves', '/as') // biome-ignore format: one line
  const roles = [...new Set(said ?? keys.rolesOf[as ?? 'networking-node'] ?? [])]
  mayInvite(keys, view)
  const names = grantable(keys)
  const unknown = roles.find((role) => !names.includes(role))
  if (unknown !== undefined) throw new RequestProblem(400, `there is no user role ${unknown}; there are ${names.join(', ')}`, '/roles') // biome-ignore format: one line
  const own = keyView(keys, keys.signer.kid, secondsNow(view))
  // Nobody rises above himself: the code would be refused when it is shown.
  if (roles.includes('owner') && !own?.roles.includes('owner')) throw new RequestProblem(409, `only an owner makes another one, and the key of ${view.node.id} is none`) // biome-ignore format: one line
  return { id, roles }
}
