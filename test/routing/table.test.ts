import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../src/primitives/ids.ts'
import { LEARNED_LIFETIME_MS, RoutingTable } from '../../src/routing/table.ts'
import { PROPERTY } from '../seed.ts'

type Link = 'a' | 'b' | 'c'
const id = (text: string) => text as NodeId
const announced = { protocol: 'ocpp1.6', form: 'standard', distance: 1 } as const

test('a neighbour is found in any letter case of A-Z and in no other', () => {
  const table = new RoutingTable<Link>()
  table.add(id('LKS1'), 'a', 'direct', 0, 0)

  assert.equal(table.lookup(id('lks1')), 'a')
  assert.equal(table.lookup(id('L\u212aS1')), undefined)
  assert.equal(table.lookup(id('LK\u017f1')), undefined)
})

test('direct is better than static, static than learned; of equals the lower priority wins', () => {
  const table = new RoutingTable<Link>()
  table.learnPath([id('X'), id('A')], 'a', 0)
  assert.equal(table.get(id('X'))?.origin, 'learned')
  table.add(id('X'), 'b', 'static', 5, 0)
  assert.equal(table.lookup(id('X')), 'b')
  table.add(id('X'), 'a', 'static', 1, 0)
  assert.equal(table.lookup(id('X')), 'a')
  table.add(id('X'), 'c', 'direct', 9, 0)
  assert.equal(table.lookup(id('X')), 'c')

  table.removeLink('c')
  assert.equal(table.lookup(id('X')), 'a')
})

test('the default route does not lead back, the best one that does not is taken', () => {
  const table = new RoutingTable<Link>()
  table.addDefault('b', 2)
  table.addDefault('a', 1)

  assert.equal(table.lookup(id('X')), 'a')
  assert.equal(table.lookup(id('X'), 'a'), 'b')
  table.removeLink('b')
  assert.equal(table.lookup(id('X'), 'a'), undefined)
})

test('learning keeps the path of the last frame of each source', () => {
  const table = new RoutingTable<Link>()
  table.learnPath([id('X'), id('Y'), id('A')], 'a', 0)
  assert.deepEqual(table.get(id('X'))?.path, ['X', 'Y', 'A'])
  assert.deepEqual(table.get(id('Y'))?.path, ['Y', 'A'])

  table.learnPath([id('X'), id('Z'), id('A')], 'a', 1)
  assert.deepEqual(table.get(id('X'))?.path, ['X', 'Z', 'A'])
  assert.deepEqual(table.get(id('Y'))?.path, ['Y', 'A'])
})

test('the last entry of a path is the neighbour and is not learned', () => {
  const table = new RoutingTable<Link>()
  table.learnPath([id('X'), id('A')], 'a', 0)
  assert.deepEqual([...table.entries()].map(([name]) => name), ['X']) // biome-ignore format: one line
})

test('removeLink tells which ids are out of reach now', () => {
  const table = new RoutingTable<Link>()
  table.add(id('A'), 'a', 'direct', 0, 0)
  table.add(id('S'), 'a', 'static', 0, 0)
  table.add(id('S'), 'b', 'static', 1, 0)
  table.learnPath([id('X'), id('A')], 'a', 0)

  assert.deepEqual(table.removeLink('a').sort(), ['A', 'X'])
  assert.deepEqual(table.removeLink('a'), [])
  assert.equal(table.lookup(id('S')), 'b')
})

test('a learned route is dropped 24 h after it was last seen', () => {
  const table = new RoutingTable<Link>()
  table.add(id('A'), 'a', 'direct', 0, 0)
  table.learnPath([id('X'), id('Y'), id('A')], 'a', 0)
  table.learnPath([id('Y'), id('A')], 'a', 1)

  table.expire(LEARNED_LIFETIME_MS - 1)
  assert.equal(table.size, 3)
  table.expire(LEARNED_LIFETIME_MS)
  assert.equal(table.lookup(id('X')), undefined)
  assert.equal(table.lookup(id('Y')), 'a')
  table.expire(LEARNED_LIFETIME_MS + 1)
  assert.deepEqual([...table.entries()].map(([name]) => name), ['A']) // biome-ignore format: one line
})

test('what was announced stays until it is withdrawn or its link goes, however long it says nothing', () => {
  const table = new RoutingTable<Link>()
  table.add(id('A'), 'a', 'direct', 0, 0)
  const announced = { protocol: 'ocpp2.0.1', form: 'standard', distance: 1 } as const
  table.announce(id('X'), 'a', announced, 0)
  table.expire(100 * LEARNED_LIFETIME_MS)
  assert.equal(table.get(id('X'))?.announced?.protocol, 'ocpp2.0.1')
  table.removeLink('a')
  assert.equal(table.get(id('X')), undefined)
})

test('an announcement is believed for learned routes of its own link only', () => {
  const table = new RoutingTable<Link>()
  table.add(id('A'), 'a', 'direct', 0, 0)
  table.learnPath([id('X'), id('A')], 'a', 0)

  assert.equal(table.announce(id('X'), 'a', announced, 0), true)
  assert.equal(table.announce(id('X'), 'b', announced, 0), false)
  assert.equal(table.announce(id('A'), 'a', announced, 0), false)
  assert.equal(table.announce(id('N'), 'b', announced, 0), true)
  assert.throws(() => table.announce(id('CSMS'), 'a', announced, 0), {
    code: 'ERR_ROUTE_RESERVED_ID',
  })
})

test('forget takes learned candidates only', () => {
  const table = new RoutingTable<Link>()
  table.add(id('A'), 'a', 'direct', 0, 0)
  table.learnPath([id('X'), id('A')], 'a', 0)

  assert.equal(table.forget(id('A'), 'a'), false)
  assert.equal(table.forget(id('X'), 'b'), false)
  assert.equal(table.forget(id('x'), 'a'), true)
  assert.equal(table.forget(id('X'), 'a'), false)
})

test('a link can teach a bounded number of ids, fewer long ones, and again as many as were forgotten', () => {
  const taught = (length: number) => {
    const table = new RoutingTable<Link>()
    for (let i = 0; i < 30_000; i++) {
      table.learnPath([id(`${i}`.padStart(length, 'X')), id('A')], 'a', 0)
    }
    return table
  }
  const table = taught(6)
  const most = table.size
  assert.ok(most > 10_000 && most < 30_000, `${most}`)
  assert.ok(taught(250).size < most / 2)
  assert.equal(table.announce(id('new'), 'a', announced, 0), false)

  table.forget(id('XXXXX0'), 'a')
  assert.equal(table.announce(id('new'), 'a', announced, 0), true)
})

const LINKS = ['a', 'b', 'c'] as const
const NAMES = ['X', 'x', 'Y', 'Z', 'W'] as const

type Step =
  | { readonly do: 'add'; readonly name: string; readonly link: Link; readonly origin: 'direct' | 'static'; readonly priority: number } // biome-ignore format: one line
  | { readonly do: 'learn'; readonly path: readonly string[]; readonly link: Link }
  | { readonly do: 'announce' | 'forget'; readonly name: string; readonly link: Link }
  | { readonly do: 'removeLink' | 'addDefault'; readonly link: Link; readonly priority: number }
  | { readonly do: 'pass'; readonly ms: number }

const link = fc.constantFrom(...LINKS)
const name = fc.constantFrom(...NAMES)
const priority = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), name, link, origin: fc.constantFrom('direct' as const, 'static' as const), priority }), // biome-ignore format: one line
  fc.record({ do: fc.constant('learn' as const), path: fc.array(name, { minLength: 1, maxLength: 4 }), link }), // biome-ignore format: one line
  fc.record({ do: fc.constantFrom('announce' as const, 'forget' as const), name, link }),
  fc.record({ do: fc.constantFrom('removeLink' as const, 'addDefault' as const), link, priority }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, LEARNED_LIFETIME_MS / 2, LEARNED_LIFETIME_MS) }), // biome-ignore format: one line
)

interface Route {
  readonly key: string
  readonly link: Link
  readonly origin: string
  readonly priority: number
  readonly at: number
  seen: number
  isAnnounced: boolean
}

/** The same table as one list that is searched from the beginning. */
class Model {
  routes: Route[] = []
  defaults: { link: Link; priority: number; at: number }[] = []
  now = 0
  #at = 0

  best(of: string): Route | undefined {
    const rank = ['direct', 'static', 'learned']
    const order = (r: Route) => [rank.indexOf(r.origin), r.priority, r.at]
    return this.routes
      .filter((r) => r.key === of.toLowerCase())
      .sort((p, q) => compare(order(p), order(q)))[0]
  }

  run(s: Step): void {
    if (s.do === 'add') this.put(s.name, s.link, s.origin, s.priority)
    else if (s.do === 'learn') for (const one of s.path.slice(0, -1)) this.learn(one, s.link)
    else if (s.do === 'announce') this.announce(s.name, s.link)
    else if (s.do === 'forget') this.forget(s.name, s.link)
    else if (s.do === 'removeLink') this.removeLink(s.link)
    else if (s.do === 'addDefault')
      this.defaults.push({ link: s.link, priority: s.priority, at: this.#at++ }) // biome-ignore format: one line
    else if (s.do === 'pass') {
      this.now += s.ms
      const old = (r: Route) =>
        r.origin === 'learned' && !r.isAnnounced && r.seen + LEARNED_LIFETIME_MS <= this.now
      this.routes = this.routes.filter((r) => !old(r))
    }
  }

  lookup(of: string, from?: Link): Link | undefined {
    const known = this.best(of)
    if (known) return known.link
    const usable = this.defaults.filter((d) => d.link !== from)
    return usable.sort((p, q) => compare([p.priority, p.at], [q.priority, q.at]))[0]?.link
  }

  put(of: string, by: Link, origin: string, priority: number): void {
    const route = { key: of.toLowerCase(), link: by, origin, priority, at: this.#at++ }
    this.routes.push({ ...route, seen: this.now, isAnnounced: false })
  }

  learn(of: string, by: Link): void {
    const known = this.best(of)
    if (!known) this.put(of, by, 'learned', 0)
    else if (known.link === by) known.seen = this.now
  }

  // Somebody who is known elsewhere is remembered here too, for the time when that is withdrawn.
  announce(of: string, by: Link): void {
    const find = () =>
      this.routes.find((r) => r.key === of.toLowerCase() && r.link === by && r.origin === 'learned')
    if (!find()) this.put(of, by, 'learned', 0)
    const own = find()
    if (!own) return
    own.isAnnounced = true
    own.seen = this.now
  }

  forget(of: string, by: Link): void {
    const at = this.routes.findIndex((r) => r.key === of.toLowerCase() && r.link === by && r.origin === 'learned') // biome-ignore format: one line
    if (at >= 0) this.routes.splice(at, 1)
  }

  removeLink(by: Link): void {
    this.routes = this.routes.filter((r) => r.link !== by)
    this.defaults = this.defaults.filter((d) => d.link !== by)
  }
}

function compare(p: readonly number[], q: readonly number[]): number {
  for (const [i, value] of p.entries()) {
    const other = q[i] ?? 0
    if (value !== other) return value - other
  }
  return 0
}

function run(table: RoutingTable<Link>, s: Step, now: number): void {
  if (s.do === 'add') table.add(id(s.name), s.link, s.origin, s.priority, now)
  else if (s.do === 'learn') table.learnPath(s.path.map(id), s.link, now)
  else if (s.do === 'announce') table.announce(id(s.name), s.link, announced, now)
  else if (s.do === 'forget') table.forget(id(s.name), s.link)
  else if (s.do === 'removeLink') table.removeLink(s.link)
  else if (s.do === 'addDefault') table.addDefault(s.link, s.priority)
  else table.expire(now)
}

test('the table decides as a plain list of routes does, whatever happened before', () => {
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const table = new RoutingTable<Link>()
    const model = new Model()
    for (const s of steps) {
      model.run(s)
      run(table, s, model.now)
      const keys = new Set(model.routes.map((r) => r.key))
      assert.equal(table.size, keys.size)
      assert.equal([...table.entries()].length, keys.size)
      for (const of of NAMES) {
        const best = model.best(of)
        assert.equal(table.get(id(of))?.origin, best?.origin)
        assert.equal(table.get(id(of))?.announced !== undefined, best?.isAnnounced ?? false)
        for (const from of [undefined, ...LINKS]) {
          assert.equal(table.lookup(id(of), from), model.lookup(of, from), `${of} from ${from}`)
        }
      }
    }
  })
  fc.assert(property, PROPERTY)
})

test('no sequence of learning and announcing moves a route that another live link holds', () => {
  const lies = step.filter((s) => s.do === 'learn' || s.do === 'announce' || s.do === 'forget')
  const property = fc.property(fc.array(lies, { maxLength: 40 }), (steps) => {
    const table = new RoutingTable<Link>()
    table.add(id('Y'), 'a', 'direct', 0, 0)
    table.learnPath([id('X'), id('A')], 'a', 0)
    for (const s of steps) {
      if ('link' in s && s.link !== 'a') run(table, s, 0)
      assert.equal(table.lookup(id('X')), 'a')
      assert.equal(table.lookup(id('Y')), 'a')
    }
  })
  fc.assert(property, PROPERTY)
})

test('a link that is removed leaves no trace', () => {
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const table = new RoutingTable<Link>()
    let now = 0
    for (const s of steps) {
      if (s.do === 'pass') now += s.ms
      run(table, s, now)
    }
    for (const l of LINKS) table.removeLink(l)
    assert.equal(table.size, 0)
    assert.deepEqual([...table.entries()], [])
    for (const of of NAMES) assert.equal(table.lookup(id(of)), undefined)
  })
  fc.assert(property, PROPERTY)
})
