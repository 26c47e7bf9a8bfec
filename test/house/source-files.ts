import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Files below a folder of the repository, as paths from its root, with the given endings. */
export function filesBelow(folder: string, ...endings: string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules'))
    .sort()
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What a source file imports: module names and whether only types are taken. */
export function importsOf(path: string): { from: string; isType: boolean }[] {
  const pattern =
    /^(?:import|export)\s(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm
  return [...textOf(path).matchAll(pattern)].map((match) => ({
    from: match[2] ?? match[3] ?? match[4] ?? '',
    isType: match[1] !== undefined,
  }))
}
