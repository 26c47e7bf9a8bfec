import { createHash, randomBytes } from 'node:crypto'
import type { Generated, Selectable } from 'kysely'
import { Database } from './database.ts'
import { type Migration, migrate } from './migrations.ts'
import { queriesFor } from './queries.ts'

/** What somebody may do; each may all that those before it may. */
export const ROLES = ['viewer', 'operator', 'technician', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Whether a role may what another one may. */
export function includesRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/** What an account or API token may beside what its role lets it. */
export const PERMISSIONS = ['tokens:read'] as const
export type Permission = (typeof PERMISSIONS)[number]
export const READ_TOKENS: readonly Permission[] = ['tokens:read']

/** What comes with a role where nothing else was said. */
export function permissionsOf(role: Role): readonly Permission[] {
  return includesRole(role, 'operator') ? PERMISSIONS : []
}

interface Tables {
  users: {
    name: string
    role: Role
    password: string | null
    created_at: string
    tokens_read: number | null
  }
  sessions: { hash: string; user: string; csrf: string; expires_at: number }
  api_tokens: {
    id: Generated<number>
    hash: string
    name: string
    role: Role
    created_at: string
    expires_at: number | null
    tokens_read: number | null
  }
  login_links: { hash: string; user: string; expires_at: number }
  audit: {
    id: Generated<number>
    at: string
    who: string
    what: string
    object: string
    outcome: number
  }
}

const MIGRATIONS: readonly Migration[] = [
  {
    name: '1-accounts',
    up: (db) =>
      db.script(`
CREATE TABLE users (
  name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL,
  password TEXT, -- argon2id; NULL: only a login link lets in
  created_at TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY, user TEXT NOT NULL COLLATE NOCASE REFERENCES users ON DELETE CASCADE,
  csrf TEXT NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE api_tokens (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
  created_at TEXT NOT NULL, expires_at INTEGER
) STRICT;
CREATE TABLE login_links (
  hash TEXT PRIMARY KEY, user TEXT NOT NULL COLLATE NOCASE REFERENCES users ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  object TEXT NOT NULL, outcome INTEGER NOT NULL -- HTTP status
) STRICT;
`),
  },
  {
    name: '2-permissions',
    up: (db) =>
      db.script(`
-- 1: given, 0: withheld, NULL: as the role has it, which all had until now
ALTER TABLE users ADD COLUMN tokens_read INTEGER CHECK (tokens_read IN (0, 1));
ALTER TABLE api_tokens ADD COLUMN tokens_read INTEGER CHECK (tokens_read IN (0, 1));
`),
  },
]

const queries = queriesFor<Tables>()

export const SESSION_MS = 12 * 3_600_000
const LOGIN_LINK_MS = 15 * 60_000
const KEPT_AUDIT = 100_000

export interface User {
  readonly name: string
  readonly role: Role
  readonly permissions: readonly Permission[]
}

/** What is said of a user beside the role; what is not said stays, and of a new one is as the role has it. */
export interface UserSettings {
  /** As it is stored. */
  readonly password?: string | undefined
  readonly permissions?: readonly Permission[] | undefined
}

export interface Session {
  readonly user: User
  /** What a page has to send along with each change. */
  readonly csrf: string
}

export interface ApiToken {
  readonly id: number
  readonly name: string
  readonly role: Role
  readonly permissions: readonly Permission[]
  /** RFC 3339. */
  readonly createdAt: string
  readonly expiresAt?: string
}

export interface ApiTokenSettings {
  /** RFC 3339; for ever where it is left out. */
  readonly expiresAt?: string | undefined
  /** As the role has them where they are left out. */
  readonly permissions?: readonly Permission[] | undefined
}

export interface AuditEntry {
  readonly id: number
  readonly at: string
  readonly who: string
  readonly what: string
  readonly object: string
  readonly outcome: number
}

/**
 * Who may use the API and the console, in one SQLite file. Of sessions, API tokens and login links
 * only hashes are kept: they are long and random, so whoever reads the file cannot use them.
 */
export class AccountStore {
  readonly #db: Database
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()

  /** @throws {OverlayError} ERR_STORE_DAMAGED, ERR_STORE_NEWER. */
  constructor(file: string, now: () => number = Date.now) {
    this.#db = new Database(file)
    this.#now = now
    migrate(this.#db, MIGRATIONS)
  }

  /**
   * Calls back when somebody may do less than before, because of this process; what another one
   * does, and what time ends, has to be looked for.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  // ---- Users

  users(): User[] {
    return this.#db.rows(queries.selectFrom('users').selectAll().orderBy('name')).map(userOf)
  }

  user(name: string): (User & { readonly password: string | null }) | undefined {
    const row = this.#db.row(queries.selectFrom('users').selectAll().where('name', '=', name))
    return row && { ...userOf(row), password: row.password }
  }

  /** Enters a user or changes what is said; sessions end, because they had the old rights. */
  putUser(name: string, role: Role, { password, permissions }: UserSettings = {}): void {
    const said = {
      role,
      ...(password !== undefined && { password }),
      ...(permissions && { tokens_read: readsTokens(permissions) }),
    }
    this.#db.atomically(() => {
      this.#db.change(
        queries
          .insertInto('users')
          .values({ name, password: null, tokens_read: null, created_at: this.#time(), ...said })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(said)),
      )
      this.#db.change(queries.deleteFrom('sessions').where('user', '=', name))
    })
    this.#changed()
  }

  /** @returns Whether there was one. Its sessions and links end with it. */
  removeUser(name: string): boolean {
    const isGone = this.#db.change(queries.deleteFrom('users').where('name', '=', name)) > 0
    this.#changed()
    return isGone
  }

  // ---- Sessions

  /** @returns The new session and what its cookie has to say. */
  openSession({ name }: Pick<User, 'name'>): { readonly csrf: string; readonly secret: string } {
    const secret = newSecret()
    const csrf = newSecret()
    this.#db.change(queries.deleteFrom('sessions').where('expires_at', '<=', this.#now()))
    this.#db.change(
      queries
        .insertInto('sessions')
        .values({ hash: hashOf(secret), user: name, csrf, expires_at: this.#now() + SESSION_MS }), // biome-ignore format: one row
    )
    return { csrf, secret }
  }

  session(secret: string): Session | undefined {
    const row = this.#db.row(
      queries
        .selectFrom('sessions')
        .innerJoin('users', 'users.name', 'sessions.user')
        .select(['users.name', 'users.role', 'users.tokens_read', 'sessions.csrf'])
        .where('sessions.hash', '=', hashOf(secret))
        .where('sessions.expires_at', '>', this.#now()),
    )
    return row && { user: userOf(row), csrf: row.csrf }
  }

  closeSession(secret: string): void {
    this.#db.change(queries.deleteFrom('sessions').where('hash', '=', hashOf(secret)))
    this.#changed()
  }

  // ---- Links that log in once

  /** @returns The secret of a link that lets this user in once, within 15 minutes. */
  newLoginLink(user: string): string {
    const secret = newSecret()
    this.#db.change(
      queries
        .insertInto('login_links')
        .values({ hash: hashOf(secret), user, expires_at: this.#now() + LOGIN_LINK_MS }),
    )
    return secret
  }

  /** The user of a link, which is used up by it. */
  spendLoginLink(secret: string): User | undefined {
    const row = this.#db.row(
      queries
        .deleteFrom('login_links')
        .where('hash', '=', hashOf(secret))
        .where('expires_at', '>', this.#now())
        .returning('user'),
    )
    const found = row && this.user(row.user)
    if (!found) return undefined
    const { password: _, ...user } = found
    return user
  }

  // ---- API tokens

  /** @returns The token, which cannot be read again. */
  newApiToken(
    name: string,
    role: Role,
    { expiresAt, permissions }: ApiTokenSettings = {},
  ): { id: number; secret: string } {
    const secret = `ww_${newSecret()}`
    const row = this.#db.row(
      queries
        .insertInto('api_tokens')
        .values({
          hash: hashOf(secret),
          name,
          role,
          created_at: this.#time(),
          expires_at: expiresAt === undefined ? null : Date.parse(expiresAt),
          tokens_read: permissions ? readsTokens(permissions) : null,
        })
        .returning('id'),
    )
    return { id: Number(row?.id), secret }
  }

  apiToken(secret: string): ApiToken | undefined {
    const row = this.#db.row(
      queries.selectFrom('api_tokens').selectAll().where('hash', '=', hashOf(secret)),
    )
    const isOver = row?.expires_at != null && row.expires_at <= this.#now()
    return row && !isOver ? apiToken(row) : undefined
  }

  apiTokens(): ApiToken[] {
    return this.#db.rows(queries.selectFrom('api_tokens').selectAll().orderBy('id')).map(apiToken)
  }

  removeApiToken(id: number): boolean {
    const isGone = this.#db.change(queries.deleteFrom('api_tokens').where('id', '=', id)) > 0
    this.#changed()
    return isGone
  }

  // ---- Audit

  addAudit(entry: Omit<AuditEntry, 'id' | 'at'>): void {
    const row = this.#db.row(
      queries
        .insertInto('audit')
        .values({ at: this.#time(), ...entry })
        .returning('id'),
    )
    const id = Number(row?.id)
    if (id % 1_000 === 0) {
      this.#db.change(queries.deleteFrom('audit').where('id', '<=', id - KEPT_AUDIT))
    }
  }

  audit(limit: number, before = Number.MAX_SAFE_INTEGER): AuditEntry[] {
    return this.#db.rows(
      queries.selectFrom('audit').selectAll().where('id', '<', before).orderBy('id', 'desc').limit(limit), // biome-ignore format: one query
    )
  }

  close(): void {
    this.#db.close()
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}

type Rights = Pick<Selectable<Tables['users']>, 'name' | 'role' | 'tokens_read'>

function userOf({ name, role, tokens_read: isGiven }: Rights): User {
  return { name, role, permissions: isGiven === null ? permissionsOf(role) : isGiven === 1 ? READ_TOKENS : [] } // biome-ignore format: one record
}

function readsTokens(permissions: readonly Permission[]): 0 | 1 {
  return permissions.includes('tokens:read') ? 1 : 0
}

function apiToken(row: Selectable<Tables['api_tokens']>): ApiToken {
  const { id, created_at: createdAt, expires_at: until } = row
  return { id, ...userOf(row), createdAt, ...(until !== null && { expiresAt: new Date(until).toISOString() }) } // biome-ignore format: one record
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A plain hash: what is hashed has 256 bits of chance, so there is nothing to guess. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
