import type { LinkView, NodeView, OverviewView } from '../../src/http/live-api.ts'
import { isInsecure } from '../diagram/link-words.ts'
import type { WindowName } from '../navigation/address.ts'
import { formatBytes, formatCount, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import { clockValue, isClockOff } from './clock-window.ts'
import { keysValue } from './keys-window.ts'

export interface AnnunciatorWindow {
  /** `keys` opens a room, the others what explains them. */
  readonly name: WindowName | 'keys'
  readonly label: string
  /** The number beside the label; empty for a window that is only on or off. */
  readonly value: string
  readonly tone: 'normal' | 'alarm' | 'warn' | 'sim'
}

/**
 * The lamp panel: what is normal, and the number that is wrong where it is not.
 *
 * @param isUnguarded Whoever reaches this console may do everything.
 */
export function annunciatorWindows(
  overview: OverviewView,
  isUnguarded = false,
): readonly AnnunciatorWindow[] {
  const stations = stationsOf(overview)
  // Those that were here before this process began, and have not come back.
  const stored = overview.storedStations ?? 0
  const links = overview.links
  const rules = overview.insecureRules?.length ?? 0
  const insecure = links.filter(isInsecure).length + rules + (isUnguarded ? 1 : 0)
  const simulated = overview.nodes.filter((node) => node.simulated).length
  const { refused, queuedBytes } = overview.counters
  const held = heldCount(overview)
  const { value, tone } = keysValue(overview)
  const keys = {
    name: 'keys',
    label: text.keysWindow.label,
    value,
    tone: tone || 'normal',
  } as const
  return [
    light('links', ofAll(links), someDown(links) && 'alarm'),
    light('refused', formatCount(refused), refused > 0 && 'alarm'),
    light('alerts', alertsValue(overview), overview.alerts !== undefined && 'alarm'),
    light('queues', queuesValue(held, queuedBytes), held + queuedBytes > 0 && 'warn'),
    light('stations', ofAll(stations, stored), (someDown(stations) || stored > stations.length) && 'alarm'), // biome-ignore format: one window
    keys,
    light('clock', clockValue(overview), isClockOff(overview) && 'warn'),
    light(
      'insecure',
      insecure > 0 ? formatCount(insecure) : '',
      (insecure > 0 || overview.insecure) && 'warn',
    ),
    light('simulated', simulated > 0 ? formatCount(simulated) : '', simulated > 0 && 'sim'),
  ]
}

/** How many, and why the newest one would not have passed. */
function alertsValue({ alerts }: OverviewView): string {
  return alerts ? text.windows.alerted(formatCount(alerts.count), alerts.newest.reason) : formatCount(0) // biome-ignore format: one line
}

/** Calls that wait for standard peers of this node. */
export function heldCount(overview: OverviewView): number {
  return overview.links.reduce((sum, { held }) => sum + (held?.count ?? 0), 0)
}

export function stationsOf(overview: OverviewView): readonly NodeView[] {
  return overview.nodes.filter((node) => node.role === 'charging-station')
}

/** Those that are down first, then by id. */
export function worstFirst<T extends NodeView | LinkView>(things: readonly T[]): readonly T[] {
  const rank = (thing: T) => (thing.state === 'down' ? 0 : 1)
  return [...things].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
}

function light(
  name: WindowName,
  value: string,
  tone: false | 'alarm' | 'warn' | 'sim',
): AnnunciatorWindow {
  return { name, label: text.windows[name].label, value, tone: tone || 'normal' }
}

/** `0 B`, `3 held`, or both where both wait. */
function queuesValue(held: number, bytes: number): string {
  const calls = held > 0 ? text.windows.held(formatCount(held)) : ''
  return [calls, bytes > 0 || held === 0 ? join(formatBytes(bytes)) : ''].filter(Boolean).join(', ')
}

function someDown(things: readonly { readonly state: 'up' | 'down' }[]): boolean {
  return things.some(({ state }) => state === 'down')
}

/** `7`, or `6 of 7` when one is down. */
function ofAll(things: readonly { readonly state: 'up' | 'down' }[], known = 0): string {
  const up = things.filter(({ state }) => state === 'up').length
  const count = Math.max(things.length, known)
  const all = formatCount(count)
  return up === count ? all : text.ofAll(formatCount(up), all)
}
