/**
 * How it is seen that a station holds a value that was set: it reads the same.
 *
 * @spec OCPP 1.6 edition 2 section 5.3; OCPP 2.0.1 edition 3 Part 2, B05 and B06
 */
import type { Effect, Members, Verdict } from './effect.ts'
import type { Heard } from './heard.ts'

/** What no station says, not even that it has it: AuthorizationKey of 1.6, passwords of 2.x. */
const WRITE_ONLY = /^AuthorizationKey$|Password$/i
const BOOLEAN = /^(true|false)$/i
const NUMBER = /^[+-]?\d+(\.\d+)?$/
const SET: ReadonlySet<unknown> = new Set(['Accepted', 'RebootRequired'])

/** Whether what was taken on, or a part of it, counts only once the station has booted again. */
export function needsReboot({ status, setVariableResult = [] }: Members): boolean {
  const parts = setVariableResult as Members[]
  return [status, ...parts.map((part) => part.attributeStatus)].includes('RebootRequired')
}

/** The station has booted, and may say more. */
export function booted({ action, answer }: Heard): Verdict {
  return action === 'BootNotification' && answer.status === 'Accepted' ? 'it has booted' : undefined
}

/** A key of OCPP 1.6 reads what it was set to. */
export function configured({ key }: Members): Effect {
  if (WRITE_ONLY.test(String(key))) return { by: 'nothing', why: `${key} cannot be read back` }
  return {
    by: 'reading',
    ask: () => ['GetConfiguration', { key: [key] }],
    seen: ({ configurationKey = [] }, { value }) => {
      const found = (configurationKey as Members[]).find((one) => isSameName(one.key, key))
      if (found && found.value === undefined) return { unreadable: `${key} cannot be read back` }
      return isSameValue(found?.value, value) ? `${key} reads ${found?.value}` : undefined
    },
  }
}

/** Variables of OCPP 2.x read what they were set to. */
export function variablesSet({ setVariableData }: Members): Effect {
  const items = setVariableData as Members[]
  const readable = items.filter((item) => !isWriteOnly(item))
  if (readable.length === 0) return { by: 'nothing', why: items.map(hiddenText).join(', ') }
  return {
    by: 'reading',
    ask: () => [
      'GetVariables',
      { getVariableData: readable.map(({ attributeValue: _, ...item }) => item) },
    ],
    seen: (reading) => readingOf(items, (reading.getVariableResult ?? []) as Members[]),
  }
}

/** What of a SetVariables a station has taken on; undefined when it is nothing. */
export function acceptedPart({ setVariableData }: Members, answer: Members): Members | undefined {
  const results = (answer.setVariableResult ?? []) as Members[]
  const items = (setVariableData as Members[]).filter((item) =>
    SET.has(resultOf(item, results)?.attributeStatus),
  )
  return items.length > 0 ? { setVariableData: items } : undefined
}

/** `SampledDataCtrlr.TxUpdatedInterval`. */
export function nameOf({ component, variable }: Members): string {
  return [component, variable].map((part) => (part as Members | undefined)?.name).join('.')
}

/**
 * Whether two texts are one value: booleans in any letter case, numbers by what they are, lists by
 * their items. Anything else is the same when it is written the same.
 */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false
  if (a === b) return true
  if (BOOLEAN.test(a) && BOOLEAN.test(b)) return a.toLowerCase() === b.toLowerCase()
  if (NUMBER.test(a) && NUMBER.test(b)) return plainNumber(a) === plainNumber(b)
  if (!a.includes(',') || !b.includes(',')) return false
  return itemsOf(a).join() === itemsOf(b).join()
}

function readingOf(items: readonly Members[], results: readonly Members[]): Verdict {
  let isWhole = true
  const texts: string[] = []
  for (const item of items) {
    const found = resultOf(item, results)
    // B06.FR.09: what can only be written is rejected when it is to be read.
    const isHidden = isWriteOnly(item) || found?.attributeStatus === 'Rejected'
    if (isHidden) isWhole = false
    else if (!isSameValue(found?.attributeValue, item.attributeValue)) return undefined
    texts.push(isHidden ? hiddenText(item) : `${nameOf(item)} reads ${found?.attributeValue}`)
  }
  return isWhole ? texts.join(', ') : { unreadable: texts.join(', ') }
}

function isWriteOnly({ variable }: Members): boolean {
  return WRITE_ONLY.test(String((variable as Members).name))
}

function hiddenText(item: Members): string {
  return `${nameOf(item)} cannot be read back`
}

/** Stations need not answer in the order they were asked in. */
function resultOf(item: Members, results: readonly Members[]): Members | undefined {
  const key = keyOf(item)
  return results.find((one) => keyOf(one) === key)
}

function keyOf({ component, variable, attributeType = 'Actual' }: Members): string {
  const { name, instance, evse } = component as Members
  const { id, connectorId } = (evse ?? {}) as Members
  const { name: of, instance: which } = variable as Members
  return JSON.stringify([name, instance, id, connectorId, of, which, attributeType]).toLowerCase()
}

function isSameName(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase()
}

/** Without what changes nothing in it; not as a number, which has room for 15 digits only. */
function plainNumber(text: string): string {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.')
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${fraction.replace(/0+$/, '')}`
  return text.startsWith('-') && digits !== '0.' ? `-${digits}` : digits
}

function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}
