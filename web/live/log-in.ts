import { text } from '../text/text.ts'
import { ask } from './api.ts'
import { type SessionView, sessions } from './session.ts'

const RETRY_MS = 2_000

/** Asks the node who sits here, until it answers. */
export async function checkSession(): Promise<void> {
  const answer = await ask<SessionView>('GET', '/api/session')
  if ('data' in answer) {
    const { problem } = sessions.snapshot()
    const isOut = answer.data.needsLogin && problem !== undefined
    return sessions.update({ session: answer.data, ...(isOut && { problem }) })
  }
  if (sessions.snapshot().session === undefined) setTimeout(checkSession, RETRY_MS)
}

/** Logs in by a password or the secret of a one-time link. */
export async function logIn(
  by: { readonly link: string } | { readonly name: string; readonly password: string },
): Promise<void> {
  const answer = await ask<SessionView>('POST', '/api/session', by)
  if ('data' in answer) return sessions.update({ session: answer.data })
  const { status, detail } = answer.problem
  const problem = status === 0 ? text.login.notReached : detail
  sessions.update({ session: { needsLogin: true }, problem })
}

/** Ends the session; the login page comes up. */
export async function logOut(): Promise<void> {
  const answer = await ask<void>('DELETE', '/api/session')
  if ('data' in answer || answer.problem.status === 401) {
    sessions.update({ session: { needsLogin: true } })
  }
}

/**
 * Uses the secret of an address like `/login#SECRET` and takes it out of the address and history.
 *
 * @returns Whether there was one.
 */
export async function spendLoginLink(): Promise<boolean> {
  const secret = location.hash.slice(1)
  if (location.pathname !== '/login' || secret === '') return false
  history.replaceState(null, '', '/login')
  await logIn({ link: secret })
  // Who was let in before still is, whatever becomes of a link.
  if (sessions.snapshot().problem !== undefined) await checkSession()
  return true
}
