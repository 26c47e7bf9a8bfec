/** Writes `docs/config.md` from the configuration schema; `--check` only says whether it is new. */
import { readFileSync, writeFileSync } from 'node:fs'
import { CONFIG_SCHEMA } from '../src/cli/config-schema.ts'

interface Property {
  readonly type?: string
  readonly enum?: readonly (string | number)[]
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Property>>
  readonly items?: Property
  readonly required?: readonly string[]
}

const FILE = new URL('../docs/config.md', import.meta.url)

const text = `# Configuration

Made from \`src/cli/config-schema.ts\` by \`npm run generate\`. One YAML file per process; file names in it are relative to it. A setting
that is not in this table is an error, as is a value of the wrong type: the message names file, line and column.
Examples: [\`examples/config/\`](../examples/config).

| setting | type | default | meaning |
|---|---|---|---|
${rows('', CONFIG_SCHEMA as Property).join('\n')}
`

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error('docs/config.md is not up to date: run npm run generate')
    process.exit(1)
  }
} else {
  writeFileSync(FILE, text)
}

function rows(prefix: string, schema: Property): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`
    const isRequired = schema.required?.includes(name)
    const type = property.enum ? property.enum.join(' \\| ') : (property.type ?? '')
    const fallback = property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``
    const row = `| \`${path}\` | ${type} | ${isRequired ? 'required' : fallback} | ${property.description ?? ''} |`
    return [row, ...rows(`${path}.`, property), ...rows(`${path}[].`, property.items ?? {})]
  })
}
