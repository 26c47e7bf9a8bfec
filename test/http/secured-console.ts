import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { NodeEvent } from '../../src/node/core.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { AccountStore, ROLES, type Role } from '../../src/storage/account-store.ts'
import { AuditLog } from '../../src/storage/audit-log.ts'
import { InvitationFiles } from '../../src/storage/invitations.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, securityOf } from '../support/secured.ts'
import type { Answer } from './api.ts'
import { serve } from './node-console.ts'
import { type Description, ShapeJudge } from './shapes.ts'

interface Options {
  /** User roles of the key of CSMS01. */
  readonly roles?: readonly string[]
  readonly mayInvite?: boolean
}

/**
 * The console of CSMS01, which signs, with an audit log of its own, and OWNER01 and GUEST above it.
 * Each answer is judged by the description.
 */
export async function startSecured(t: TestContext, options: Options = {}) {
  const { roles = ['owner'], mayInvite = true } = options
  const net = overlay(t)
  const folder = temporaryFolder(t)
  // Days by the clock of the links take long, as something is due each second.
  let aheadMs = 0
  const clock: Clock = { now: () => net.clock.now() + aheadMs, monotonic: () => net.clock.monotonic(), setTimer: (callback, delayMs) => net.clock.setTimer(callback, delayMs) } // biome-ignore format: one line
  const { signer, trust } = managedSecurityOf('CSMS01', clock, { CSMS01: roles })
  const now = () => ({ currentTime: new Date(net.clock.now()).toISOString() })
  const handlers = { 'ocpp2.1': { Heartbeat: now } } as unknown as HandlersByProtocol
  const node = await net.node('CSMS01', { handlers, services: ['CSMS'], security: { signer, trust } }) // biome-ignore format: one line
  const others = { CSMS01: roles }
  const ownersOwn = managedSecurityOf('OWNER01', net.clock, others)
  const owner = await net.node('OWNER01', { security: ownersOwn })
  const guest = await net.node('GUEST', { security: securityOf('GUEST', undefined, others) })
  for (const id of ['OWNER01', 'GUEST']) net.connect(id, 'CSMS01')
  await net.wait(61)
  const audit = new AuditLog(join(folder, 'audit.jsonl'), net.clock)
  node.onEvent((event) => writeDown(audit, event, trust))
  const accounts = new AccountStore(':memory:', () => net.clock.now())
  const secrets = new Map(ROLES.map((role) => [role, accounts.newApiToken(role, role).secret]))
  const invitations = mayInvite ? new InvitationFiles(folder, clock) : undefined
  const keys = { signer, trust, invitations, rolesOf: { 'networking-node': ['edge'], csms: ['owner'] } } // biome-ignore format: one line
  const server = await serve(t, { node, role: 'csms', keys, audit, accounts, clock })
  t.after(() => {
    accounts.close()
    audit.close()
  })
  const judge = new ShapeJudge((await (await fetch(new URL('api/openapi.json', server.url))).json()) as Description) // biome-ignore format: one line

  async function ask(role: Role, method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, server.url), {
      method,
      headers: {
        authorization: `Bearer ${secrets.get(role)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const type = response.headers.get('content-type') ?? ''
    const text = await response.text()
    const answered = text === '' ? '' : JSON.parse(text)
    judge.answer(method, path, response.status, type, answered)
    return { status: response.status, headers: response.headers, body: answered }
  }
  const read = async (path: string, role: Role = 'viewer') => (await ask(role, 'GET', path)).body
  /** What somebody signs; rejects where it is not obeyed. */
  const heartbeat = async (by = owner): Promise<void> => {
    const asked = by.call('CSMS01', 'ocpp2.1', 'Heartbeat', {})
    asked.catch(() => {})
    await net.settle()
    await net.wait(0.001)
    await net.over(asked)
  }
  const passDays = (days: number) => {
    aheadMs += days * 86_400_000
  }
  return {
    net,
    clock,
    passDays,
    owner,
    ownersTrust: ownersOwn.trust,
    guest,
    heartbeat,
    node,
    trust,
    signer,
    accounts,
    audit,
    folder,
    url: server.url,
    judge,
    ask,
    read,
  }
}

/** As whoever runs the node does it. */
function writeDown(
  audit: AuditLog,
  event: NodeEvent,
  trust: ReturnType<typeof managedSecurityOf>['trust'],
): void {
  if (!event.name.startsWith('rules.')) return
  const { name, ...details } = event as Extract<NodeEvent, { name: 'rules.changed' }>
  const { policies, roles } = trust.rules.active
  const documents = details.documents.map((one) => {
    const document = [...policies, ...roles].find((other) => other.name === one.name)
    return { ...one, ...(name === 'rules.changed' && document && { document }) }
  })
  audit.append(name, JSON.parse(JSON.stringify({ ...details, documents })) as JsonObject)
}

/** A user role that may reset stations by night. */
export const night = (version: number, more: object = {}) => ({ name: 'night', version, allow: [{ actions: 'Reset' }], ...more }) // biome-ignore format: one line

export const PRESET_NAMES = PRESET_ROLES.map(({ name }) => name)
