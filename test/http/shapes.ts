import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { isDateTime } from '../../src/messages/date-time.ts'

/** What of a description is looked at here. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface DescribedOperation {
  readonly responses: Readonly<
    Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>
  >
}

export interface Schema {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly const?: unknown
}

/** Judges answers by a description, and remembers which members it has seen. */
export class ShapeJudge {
  readonly #description: Description
  readonly #ajv = new Ajv2020({ strict: true, allErrors: true, formats: { 'date-time': isDateTime } }) // biome-ignore format: one line
  /** Answers that were judged, such as `GET /api/users 200`. */
  readonly judged = new Set<string>()
  /** Members that were there, such as `UserView.name`. */
  readonly #seen = new Set<string>()

  constructor(description: Description) {
    this.#description = description
    this.#ajv.addVocabulary(['components'])
  }

  /** An answer of a route is what the description says that it is. */
  answer(method: string, address: string, status: number, type: string, body: unknown): void {
    const path = this.#pathOf(method, address)
    const which = `${method} ${path} ${status}`
    const response = this.#description.paths[path]?.[method.toLowerCase()]?.responses[status]
    assert.ok(response, `${which} is not described`)
    this.judged.add(which)
    if (status === 204) return assert.equal(body, '', which)
    const [mediaType = ''] = type.split(';')
    const schema = response.content?.[mediaType]?.schema
    assert.ok(schema, `${which}: ${mediaType} is not described`)
    this.value(schema, body, which)
  }

  value(schema: Schema, value: unknown, which: string): void {
    const check = this.#ajv.compile({ ...schema, components: this.#description.components })
    const problems = check(value) ? [] : (check.errors ?? [])
    const words = problems.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`) // biome-ignore format: one line
    assert.deepEqual(words, [], which)
    this.#see(schema, value, which)
  }

  /** Members of the components that no answer had. */
  unseen(): string[] {
    return Object.entries(this.#description.components.schemas)
      .flatMap(([name, { properties = {} }]) => Object.keys(properties).map((member) => `${name}.${member}`)) // biome-ignore format: one chain
      .filter((member) => !this.#seen.has(member))
  }

  #pathOf(method: string, address: string): string {
    const [asked = ''] = address.split('?')
    const fits = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked)
    const paths = Object.entries(this.#description.paths)
    const fitting = paths.filter(([path, methods]) => fits(path) && method.toLowerCase() in methods)
    // A path of its own counts before one with a parameter in the same place.
    const found = fitting.find(([path]) => path === asked) ?? fitting[0]
    assert.ok(found, `${method} ${asked} is not described`)
    return found[0]
  }

  #see(schema: Schema, value: unknown, name: string): void {
    const [, component] = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '') ?? []
    if (component !== undefined) {
      const named = this.#description.components.schemas[component] ?? {}
      return this.#see(named, value, component)
    }
    const { type } = value as { type?: unknown }
    const chosen = schema.oneOf?.find(({ properties }) => properties?.type?.const === type)
    if (chosen) return this.#see(chosen, value, name)
    if (Array.isArray(value)) {
      for (const item of value) if (schema.items) this.#see(schema.items, item, name)
      return
    }
    for (const [member, of] of Object.entries(schema.properties ?? {})) {
      const inside = (value as Record<string, unknown> | null)?.[member]
      if (inside === undefined) continue
      this.#seen.add(`${name}.${member}`)
      this.#see(of, inside, `${name}.${member}`)
    }
  }
}
