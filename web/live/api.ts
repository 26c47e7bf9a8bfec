import { sessions } from './session.ts'

/** What is wrong with a request, in the node's words. */
export interface ApiProblem {
  /** HTTP status; 0 when the node was not reached. */
  readonly status: number
  readonly detail: string
  /** JSON pointer to the member of the body that is wrong. */
  readonly pointer?: string
}

export type Answer<T> = { readonly data: T } | { readonly problem: ApiProblem }

/**
 * Asks the node that serves this page. Nothing else of the console calls `fetch`.
 *
 * A change carries the token of the session; where the session is over, the login page comes up.
 *
 * @param body Sent as JSON.
 */
export async function ask<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer<T>> {
  const csrf = method === 'GET' ? undefined : sessions.snapshot().session?.csrf
  try {
    const response = await fetch(path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(csrf !== undefined && { 'x-csrf-token': csrf }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (response.ok) {
      const data = response.status === 204 ? undefined : await response.json()
      return { data: data as T }
    }
    // A wrong password is no session that has ended.
    if (response.status === 401 && path !== '/api/session') {
      sessions.update({ session: { needsLogin: true } })
    }
    return { problem: await problemOf(response) }
  } catch {
    return { problem: { status: 0, detail: '' } }
  }
}

/** @spec RFC 9457 */
async function problemOf(response: Response): Promise<ApiProblem> {
  const { status, statusText } = response
  const said: unknown = await response.json().catch(() => undefined)
  const { detail, pointer } = (said ?? {}) as { detail?: unknown; pointer?: unknown }
  return {
    status,
    detail: typeof detail === 'string' ? detail : statusText,
    ...(typeof pointer === 'string' && { pointer }),
  }
}
