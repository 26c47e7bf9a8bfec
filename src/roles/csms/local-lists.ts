import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import type { Operations } from './operations.ts'
import { fittingGroup, type ListEntryWish, maxTokenLength, sendLocalList } from './requests.ts'

/** As many entries go into a message where the station has not said how many it takes. */
const ITEMS_PER_MESSAGE = 100
/** What tells it: a variable of OCPP 2.x and a configuration key of 1.6. */
const LIMITS = [
  ['LocalAuthListCtrlr', 'ItemsPerMessage'],
  ['Configuration', 'SendLocalListMaxLength'],
]

export interface ListJob {
  /** The first message; the others follow as soon as it has had its effect. */
  readonly operation: OperationRow
  readonly messages: number
  /** Tokens that are too long for the station's version, which could never be held up there. */
  readonly leftOut: number
  /** Tokens that are in the list without their group, which is too long for that version. */
  readonly groupsLeftOut: number
}

/**
 * Gives a station a new local list, in as many messages as it needs: the first replaces the old
 * list, each other one adds to it under the next version. One that is refused ends it.
 *
 * @throws {OperationError} when nothing can be asked of that station.
 */
export async function replaceLocalList(
  operations: Operations,
  store: CsmsStore,
  station: string,
  entries: readonly ListEntryWish[],
  askedBy: string,
): Promise<ListJob> {
  const protocol = operations.protocolOf(station)
  const sendable = entries.filter(({ idToken }) => idToken.length <= maxTokenLength(protocol))
  const first = (store.localLists.of(station)?.version ?? 0) + 1
  const size = itemsPerMessage(store, station)
  const count = Math.max(1, Math.ceil(sendable.length / size))
  const send = (at: number) => {
    const part = sendable.slice(at * size, (at + 1) * size)
    const request = sendLocalList(protocol, first + at, at === 0 ? 'Full' : 'Differential', part)
    return operations.submit({ station, action: 'SendLocalList', request, askedBy })
  }
  const operation = await send(0)
  void sendRest(operations, operation, count, send)
  const grouped = sendable.filter(({ groupId }) => groupId !== undefined)
  const groupsLeftOut = grouped.filter(({ groupId }) => fittingGroup(protocol, groupId) === undefined) // biome-ignore format: one line
  return {
    operation,
    messages: count,
    leftOut: entries.length - sendable.length,
    groupsLeftOut: groupsLeftOut.length,
  }
}

async function sendRest(
  operations: Operations,
  first: OperationRow,
  count: number,
  send: (at: number) => Promise<OperationRow>,
): Promise<void> {
  let last = first
  for (let at = 1; at < count; at++) {
    const { state } = await operations.ended(last.id)
    if (state !== 'effect-seen') return
    last = await send(at)
  }
}

function itemsPerMessage(store: CsmsStore, station: string): number {
  const variables = store.variables.of(station)
  const said = variables.find((row) =>
    LIMITS.some(
      ([component, variable]) => row.component === component && row.variable === variable,
    ),
  )
  const items = Number(said?.value)
  return Number.isInteger(items) && items > 0 ? items : ITEMS_PER_MESSAGE
}
