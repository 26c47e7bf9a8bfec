import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import { OperationError, type Operations } from './operations.ts'
import { fittingGroup, isNameable, type ListEntryWish, sendLocalList } from './requests.ts'

/** As many entries go into a message where the station has not said how many it takes. */
const ITEMS_PER_MESSAGE = 100
/** What tells it: a variable of OCPP 2.x and a configuration key of 1.6. */
const LIMITS = [
  ['LocalAuthListCtrlr', 'ItemsPerMessage'],
  ['Configuration', 'SendLocalListMaxLength'],
]

export interface ListBegun {
  /** The first message; the others follow as soon as it has had its effect. */
  readonly operation: OperationRow
  readonly messages: number
  /**
   * Tokens that are too long for the station's version, or of a type that it has no word for: they
   * could never be held up there.
   */
  readonly leftOut: number
  /** Tokens that are in the list without their group, which is too long for that version. */
  readonly groupsLeftOut: number
}

/**
 * Gives a station a new local list, in as many messages as it needs: the first replaces the old
 * list, each other one adds to it under the next version. One that is refused ends it.
 *
 * @throws {OperationError} when nothing can be asked of that station, or a list is on its way there.
 */
export async function replaceLocalList(
  operations: Operations,
  store: CsmsStore,
  named: string,
  entries: readonly ListEntryWish[],
  askedBy: string,
): Promise<ListBegun> {
  const station = store.spellingOf(named)
  const protocol = operations.protocolOf(station)
  const sendable = entries.filter((entry) => isNameable(protocol, entry))
  const first = (store.localLists.of(station)?.version ?? 0) + 1
  const size = itemsPerMessage(store, station)
  const count = Math.max(1, Math.ceil(sendable.length / size))
  const send = async (at: number) => {
    const part = sendable.slice(at * size, (at + 1) * size)
    const request = sendLocalList(protocol, first + at, at === 0 ? 'Full' : 'Differential', part)
    const operation = await operations.submit({ station, action: 'SendLocalList', request, askedBy }) // biome-ignore format: one line
    await store.write(() => store.listJobs.sent(station, at, operation.id))
    return operation
  }
  if (!(await store.write(() => store.listJobs.begin(station, count)))) throw busy(store, station)
  const end = () => store.write(() => store.listJobs.end(station))
  const operation = await send(0).catch(async (error) => {
    await end()
    throw error
  })
  void sendRest(operations, operation, { count, send, end }).catch((error: Error) =>
    store
      .write(() => store.listJobs.fail(station, error.message))
      .catch(() => {
        // Where nothing can be written the last operation says it, and after a restart the start.
      }),
  )
  const grouped = sendable.filter(({ groupId }) => groupId !== undefined)
  const groupsLeftOut = grouped.filter(({ groupId }) => fittingGroup(protocol, groupId) === undefined) // biome-ignore format: one line
  return {
    operation,
    messages: count,
    leftOut: entries.length - sendable.length,
    groupsLeftOut: groupsLeftOut.length,
  }
}

/**
 * Messages of two lists that a station gets at once would make one of both.
 *
 * @throws {OperationError} while a list is on its way to a station.
 */
export function assertNoList(store: CsmsStore, named: string): void {
  const station = store.spellingOf(named)
  const job = store.listJobs.of(station)
  if (job && job.problem === undefined) throw busy(store, station)
}

function busy(store: CsmsStore, station: string): OperationError {
  const { taken = 0, messages = 1 } = store.listJobs.of(station) ?? {}
  return new OperationError('busy', `a local list is on its way to ${station}, which has taken ${taken} of its ${messages} messages; try again when it has all of them`) // biome-ignore format: one line
}

async function sendRest(
  operations: Operations,
  first: OperationRow,
  list: {
    readonly count: number
    readonly send: (at: number) => Promise<OperationRow>
    readonly end: () => Promise<void>
  },
): Promise<void> {
  let last = first
  for (let at = 0; at < list.count; at++) {
    if (at > 0) last = await list.send(at)
    const { state, problem } = await operations.ended(last.id)
    if (state !== 'effect-seen') throw new Error(`message ${at + 1} of ${list.count}: ${problem ?? state}`) // biome-ignore format: one line
  }
  await list.end()
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
