/**
 * Completes `package-lock.json` after a dependency has changed (`npm run lock`). A registry may not
 * carry the builds of a tool for other platforms than its own; npm then leaves them out of the
 * lock file, and `npm ci` refuses it as incomplete. Here they are put back by what their names say
 * of platform and processor, so that each machine installs the one it needs. Download addresses are
 * left out: whoever installs uses the registry that is set up there.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Locked {
  version?: string
  resolved?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

const PLATFORMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'] // biome-ignore format: one list
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
]

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }
const { packages } = lock

for (const [path, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isThere = `node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages
    if (isThere || !/^\d/.test(version)) continue
    const words = name.split(/[/-]/)
    const os = PLATFORMS.find((platform) => words.includes(platform)) ?? 'none'
    const cpu = PROCESSORS.find((processor) => words.includes(processor)) ?? 'none'
    const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
    packages[`node_modules/${name}`] = {
      version,
      ...(dev && { dev }),
      optional: true,
      os: [os],
      cpu: [cpu],
      ...(os === 'linux' && { libc: [libc] }),
    }
  }
}
for (const locked of Object.values(packages)) delete locked.resolved
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
