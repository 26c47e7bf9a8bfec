import { text } from './text.ts'

/** A number and its unit, apart, because the page sets the unit in a lighter ink. */
export interface Quantity {
  readonly figure: string
  readonly unit: string
}

const NARROW_SPACE = '\u202f'

/** `22.1 kW` with a narrow no-break space, as one text. */
export function join(quantity: Quantity): string {
  return quantity.unit ? quantity.figure + NARROW_SPACE + quantity.unit : quantity.figure
}

/** A whole number with the group separators of the language. */
export function formatCount(value: number): string {
  return digits(0).format(value)
}

/** Bytes as `740 B`, `12.4 kB`, `3.1 MB`; powers of 1,000. */
export function formatBytes(bytes: number): Quantity {
  if (bytes < 1000) return { figure: formatCount(bytes), unit: 'B' }
  if (bytes < 999_950) return { figure: digits(1).format(bytes / 1e3), unit: 'kB' }
  return { figure: digits(1).format(bytes / 1e6), unit: 'MB' }
}

/** Active power as `740 W`, `22.1 kW`, `148 kW`. */
export function formatPower(watts: number): Quantity {
  if (Math.abs(watts) < 1000) return { figure: formatCount(Math.round(watts)), unit: 'W' }
  const fraction = Math.abs(watts) < 99_950 ? 1 : 0
  return { figure: digits(fraction).format(watts / 1000), unit: 'kW' }
}

/** Energy as `740 Wh` or `12.40 kWh`. */
export function formatEnergy(wattHours: number): Quantity {
  if (Math.abs(wattHours) < 1000) return { figure: formatCount(Math.round(wattHours)), unit: 'Wh' }
  return { figure: digits(2).format(wattHours / 1000), unit: 'kWh' }
}

/** A measured value of any unit; power and energy as elsewhere, others with up to two decimals. */
export function formatMeasured(value: number, unit: string): Quantity {
  if (unit === 'W') return formatPower(value)
  if (unit === 'Wh') return formatEnergy(value)
  return { figure: digits(Number.isInteger(value) ? 0 : 2).format(value), unit }
}

/** Frames per second as `82/s`; below ten with one decimal. */
export function formatRate(perSecond: number): string {
  return `${digits(perSecond < 9.95 ? 1 : 0).format(perSecond)}/s`
}

/** Milliseconds as `24 ms`; below ten with one decimal. */
export function formatMs(ms: number): Quantity {
  return { figure: digits(ms < 9.95 ? 1 : 0).format(ms), unit: 'ms' }
}

/** A span as `12 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 60) return unit(seconds, 's')
  if (minutes < 60) return unit(minutes, 'min')
  if (hours < 24) return `${unit(hours, 'h')} ${unit(minutes % 60, 'min')}`
  return `${unit(Math.floor(hours / 24), 'd')} ${unit(hours % 24, 'h')}`
}

/** Time of day with milliseconds, 24 h, in `zone` or the browser's own zone. */
export function formatTime(iso: string, zone?: string): string {
  return formatMoment(iso, (moment) => clock(zone, 3).format(moment))
}

/** Time of day without milliseconds. */
export function formatSeconds(iso: string, zone?: string): string {
  return formatMoment(iso, (moment) => clock(zone).format(moment))
}

/** Day and time of day, with milliseconds, as `22 Nov, 15:12:04.137`. */
export function formatDay(iso: string, zone?: string): string {
  return formatMoment(iso, (moment) => clock(zone, 'day').format(moment))
}

/** Day, year and time of day, of what may be years away, as `22 Nov 2036, 15:12:04`. */
export function formatDate(iso: string, zone?: string): string {
  return formatMoment(iso, (moment) => clock(zone, 'year').format(moment))
}

/** What is left of a time that runs out, as `12 s` or `4 min 12 s`; from an hour on as a span. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds >= 3_600) return formatSpan(seconds * 1_000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return minutes > 0 ? `${unit(minutes, 'min')} ${unit(rest, 's')}` : unit(rest, 's')
}

/** What a time shows on hover: the full moment in UTC. */
export function formatUtc(iso: string): string {
  return formatMoment(
    iso,
    (moment) => `${moment.toISOString().replace('T', ' ').replace('Z', '')} UTC`,
  )
}

/** Stations write moments that no calendar here knows, such as leap seconds: they stay as written. */
function formatMoment(iso: string, format: (moment: Date) => string): string {
  const moment = new Date(iso)
  return Number.isNaN(moment.getTime()) ? iso : format(moment)
}

/** `ocpp1.6` as `1.6`; anything else unchanged. */
export function formatVersion(protocol: string | undefined): string {
  return protocol?.replace(/^ocpp/, '') ?? ''
}

/** An id that fits into `room` characters; the middle gives way, since both ends tell ids apart. */
export function shorten(id: string, room: number): string {
  if (id.length <= room) return id
  const tail = Math.floor((room - 1) / 2)
  return `${id.slice(0, room - 1 - tail)}…${id.slice(id.length - tail)}`
}

const digitFormats = new Map<number, Intl.NumberFormat>()

function digits(fraction: number): Intl.NumberFormat {
  const known = digitFormats.get(fraction)
  if (known) return known
  const format = new Intl.NumberFormat(text.locale, {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  })
  digitFormats.set(fraction, format)
  return format
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function clock(zone: string | undefined, more?: 3 | 'day' | 'year'): Intl.DateTimeFormat {
  const key = `${zone ?? ''} ${more ?? ''}`
  const known = clocks.get(key)
  if (known) return known
  const format = new Intl.DateTimeFormat(text.locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(more === 3 ? { fractionalSecondDigits: more } : {}),
    ...(more === 'day' ? { day: 'numeric', month: 'short', fractionalSecondDigits: 3 } : {}),
    ...(more === 'year' ? { day: 'numeric', month: 'short', year: 'numeric' } : {}),
    ...(zone ? { timeZone: zone } : {}),
  })
  clocks.set(key, format)
  return format
}

function unit(value: number, name: string): string {
  return join({ figure: formatCount(value), unit: name })
}
