import { parseMoment } from '../../messages/date-time.ts'
import type { StationState } from '../../storage/station-state.ts'
import type { Dialect, IdToken, TokenInfo } from './dialect.ts'
import { failureOf } from './outbox.ts'
import type { Variables } from './variables.ts'

export interface AuthorizationOptions {
  readonly state: StationState
  readonly variables: Variables
  readonly dialect: Dialect
  readonly now: () => number
  /** Whether the CSMS can be asked. */
  readonly isOnline: () => boolean
  /** Logs what went wrong. */
  readonly failed: (error: unknown) => void
}

interface CachedToken extends TokenInfo {
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

export interface ListEntry {
  readonly token: IdToken
  /** Undefined: it goes. */
  readonly info: TokenInfo | undefined
}

export type ListUpdateStatus = 'Accepted' | 'Failed' | 'VersionMismatch'

const MAX_CACHED = 500
const REFUSED: TokenInfo = { status: 'Invalid' }
const LIST_VERSION = 'local-list'

/**
 * Who may charge: the local list, the cache and the CSMS, in that order of precedence.
 *
 * @spec OCPP 1.6 edition 2 sections 3.4 and 3.5; OCPP 2.0.1 edition 3 Part 2, C10–C15 and D01
 */
export class Authorization {
  readonly #options: AuthorizationOptions

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  /** Asks whom there is to ask. */
  async check(token: IdToken): Promise<TokenInfo> {
    const { variables, isOnline } = this.#options
    const local = this.local(token)
    if (local && this.isValid(local) && variables.is('AuthCtrlr.LocalPreAuthorize')) {
      this.used(token)
      return local
    }
    const answer = isOnline() ? await this.#ask(token) : undefined
    return answer ?? this.#offline(token, local)
  }

  /** What list or cache say, the list first. */
  local(token: IdToken): TokenInfo | undefined {
    const { state, variables } = this.#options
    if (variables.is('LocalAuthListCtrlr.Enabled')) {
      const listed = state.get<TokenInfo>('listed-token', keyOf(token))
      if (listed) return listed
    }
    if (!variables.is('AuthCacheCtrlr.Enabled')) return undefined
    const cached = state.get<CachedToken>('cached-token', keyOf(token))
    return cached && this.#isStale(cached) ? { ...cached, status: 'Expired' } : cached
  }

  /** Somebody charges, or may go on, by what is known of them here: so it is used (C10.FR.08). */
  used(token: IdToken): void {
    const { state, now } = this.#options
    const cached = state.get<CachedToken>('cached-token', keyOf(token))
    if (cached) state.set('cached-token', keyOf(token), { ...cached, usedAt: now() })
  }

  isValid({ status, expiresAt }: TokenInfo): boolean {
    if (status !== 'Accepted') return false
    return expiresAt === undefined || parseMoment(expiresAt) > this.#options.now()
  }

  /** Keeps what the CSMS said of a token, accepted or not (C10.FR.01). */
  remember(token: IdToken, info: TokenInfo): void {
    const { state, variables, now } = this.#options
    if (!variables.is('AuthCacheCtrlr.Enabled') || token.idToken === '') return
    // What is in the list shall not be in the cache (1.6, 3.5.3).
    if (state.get('listed-token', keyOf(token))) return
    const isNew = state.get('cached-token', keyOf(token)) === undefined
    if (isNew) this.#makeRoom()
    state.set('cached-token', keyOf(token), { ...info, usedAt: now() })
  }

  clearCache(): boolean {
    const { state, variables } = this.#options
    if (!variables.is('AuthCacheCtrlr.Enabled')) return false
    state.clear('cached-token')
    return true
  }

  get listVersion(): number {
    return this.#options.state.get<number>('counter', LIST_VERSION) ?? 0
  }

  get listLength(): number {
    return this.#options.state.all('listed-token').size
  }

  /** Replaces the list, or changes it, as a whole or not at all (D01). */
  async updateList(
    type: 'Full' | 'Differential',
    version: number,
    entries: readonly ListEntry[],
  ): Promise<ListUpdateStatus> {
    const isFull = type === 'Full'
    if (!isFull && version <= this.listVersion) return 'VersionMismatch'
    if (version <= 0 || !this.#isAcceptable(isFull, entries)) return 'Failed'
    const { state } = this.#options
    await state.together(() => {
      if (isFull) state.clear('listed-token')
      for (const { token, info } of entries) {
        if (info) state.set('listed-token', keyOf(token), info)
        else state.delete('listed-token', keyOf(token))
        state.delete('cached-token', keyOf(token))
      }
      state.set('counter', LIST_VERSION, version)
    })
    return 'Accepted'
  }

  #isAcceptable(isFull: boolean, entries: readonly ListEntry[]): boolean {
    const { state, variables } = this.#options
    if (!variables.is('LocalAuthListCtrlr.Enabled')) return false
    if (entries.length > variables.number('LocalAuthListCtrlr.ItemsPerMessage')) return false
    if (isFull && entries.some(({ info }) => info === undefined)) return false
    const keys = new Set(entries.map(({ token }) => keyOf(token)))
    if (keys.size !== entries.length) return false
    const after = new Set(isFull ? [] : state.all('listed-token').keys())
    for (const { token, info } of entries) {
      if (info) after.add(keyOf(token))
      else after.delete(keyOf(token))
    }
    return after.size <= variables.number('-.LocalAuthListMaxLength')
  }

  /** @returns undefined when nobody could be asked. */
  async #ask(token: IdToken): Promise<TokenInfo | undefined> {
    try {
      const info = await this.#options.dialect.authorize(token)
      this.remember(token, info)
      return info
    } catch (error) {
      this.#options.failed(error)
      return failureOf(error).kind === 'not-there' ? undefined : REFUSED
    }
  }

  // What the list or cache knows to be bad is not "unknown", whatever the setting (1.6, 3.5.4).
  #offline(token: IdToken, local: TokenInfo | undefined): TokenInfo {
    const { variables } = this.#options
    if (local) {
      const isAllowed = this.isValid(local) && variables.is('AuthCtrlr.LocalAuthorizeOffline')
      if (isAllowed) this.used(token)
      return isAllowed ? local : REFUSED
    }
    const isAllowed = variables.is('AuthCtrlr.OfflineTxForUnknownIdEnabled')
    return isAllowed ? { status: 'Accepted' } : REFUSED
  }

  // C10.FR.08 and FR.13: the life time is for those whose end the CSMS has not said.
  #isStale({ usedAt, expiresAt }: CachedToken): boolean {
    if (expiresAt !== undefined) return false
    const lifeMs = this.#options.variables.number('AuthCacheCtrlr.LifeTime') * 1000
    return lifeMs > 0 && usedAt + lifeMs <= this.#options.now()
  }

  // Those that are not valid go first, then those not used for longest (1.6, 3.5.1).
  #makeRoom(): void {
    const { state } = this.#options
    const cached = [...state.all<CachedToken>('cached-token')]
    if (cached.length < MAX_CACHED) return
    const rank = ([, info]: [string, CachedToken]) => (this.isValid(info) ? info.usedAt : -1)
    const [worst] = cached.sort((a, b) => rank(a) - rank(b))
    if (worst) state.delete('cached-token', worst[0])
  }
}

export function isSameToken(a: IdToken, b: IdToken): boolean {
  return keyOf(a) === keyOf(b)
}

/** Whether what is there for a token or its group is there for whoever shows one. */
export function isFor(
  { token, groupId }: { readonly token: IdToken; readonly groupId?: string },
  shown: IdToken,
  shownGroup?: string,
): boolean {
  return isSameToken(token, shown) || isSameGroup(groupId, shownGroup)
}

/** Groups are named by tokens (1.6, parentIdTag; 2.x, groupIdToken), and compared as these are. */
export function isSameGroup(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a.toLowerCase() === b?.toLowerCase()
}

/** Tokens are compared without regard to case (1.6 CiString20Type; 2.x identifierString). */
function keyOf({ idToken, type }: IdToken): string {
  return `${type} ${idToken.toLowerCase()}`
}
