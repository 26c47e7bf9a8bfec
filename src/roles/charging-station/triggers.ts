import { tellMeterValues } from './aligned-values.ts'
import { afterAnswer } from './commands.ts'
import type { Evse } from './evse.ts'
import type { Life } from './life.ts'

export type TriggerStatus = 'Accepted' | 'Rejected' | 'NotImplemented'

export interface TriggerRequest {
  /** In the words of either generation. */
  readonly message: string
  /** Undefined: all there are. */
  readonly evseId: number | undefined
  /** Of that EVSE; 1.6 does not tell the two apart. */
  readonly connectorId?: number | undefined
}

interface Question extends TriggerRequest {
  readonly life: Life
  readonly evses: readonly Evse[]
}

interface Row {
  /** Which EVSE is named matters. */
  readonly isOfEvse?: true
  readonly isPossible: (question: Question) => boolean
  readonly say: (question: Question) => unknown
}

const always = () => true

/** What can be asked for; everything else is not implemented. */
const ROWS = new Map<string, Row>([
  [
    'BootNotification',
    {
      // F06.FR.17; 1.6 has no such rule.
      isPossible: ({ life }) => life.dialect.is16 || !life.isAccepted(),
      say: ({ life }) => bootAgain(life),
    },
  ],
  [
    'Heartbeat',
    {
      isPossible: always,
      say: ({ life }) => life.say('heartbeat', () => life.dialect.heartbeat()),
    },
  ],
  ['MeterValues', { isOfEvse: true, isPossible: always, say: sayMeterValues }],
  [
    'StatusNotification',
    {
      isOfEvse: true,
      // F06.FR.12.
      isPossible: ({ life, connectorId }) => life.dialect.is16 || connectorId !== undefined,
      say: sayStatus,
    },
  ],
  [
    'TransactionEvent',
    {
      isOfEvse: true,
      isPossible: ({ evses }) => evses.some(({ transaction }) => transaction),
      say: ({ evses }) => {
        for (const evse of evses) evse.tellTransaction()
      },
    },
  ],
])

/** @spec OCPP 1.6 edition 2 section 5.17; OCPP 2.0.1 edition 3 Part 2, F06 */
export function trigger(life: Life, request: TriggerRequest): TriggerStatus {
  const row = ROWS.get(request.message)
  if (!row) return 'NotImplemented'
  const evses = meant(life, request)
  // F06.FR.03: what has nothing to do with an EVSE is sent whichever is named.
  if (row.isOfEvse && evses.length === 0) return 'Rejected'
  const question = { ...request, life, evses }
  if (!row.isPossible(question)) return 'Rejected'
  void afterAnswer(life, () => row.say(question))
  return 'Accepted'
}

/** The EVSEs that are named; none where there is no such one, or none with such a connector. */
function meant({ evses }: Life, { evseId, connectorId = 1 }: TriggerRequest): readonly Evse[] {
  // Each EVSE has one connector.
  if (connectorId !== 1) return []
  return evseId === undefined || evseId === 0 ? evses : evses.filter(({ id }) => id === evseId)
}

function bootAgain(life: Life): unknown {
  if (!life.isAccepted()) return life.bootNow()
  return life.say('boot', () => life.dialect.boot('Triggered'))
}

async function sayMeterValues({ life, evses }: Question): Promise<void> {
  for (const evse of evses) {
    // In 1.6 the same message tells of a transaction, and then names it.
    if (life.dialect.is16 && evse.transaction) evse.tellTransaction()
    else await life.say('meter values', () => tellMeterValues(life, evse, { at: life.stamp(), context: 'Trigger' })) // biome-ignore format: one line
  }
}

function sayStatus({ life, evseId, evses }: Question): void {
  for (const evse of evses) evse.refresh()
  if (life.dialect.is16) life.noteOwnStatus()
  const own = life.dialect.is16 && !evseId ? [0] : []
  const ids = evseId === 0 ? own : [...own, ...evses.map(({ id }) => id)]
  life.statuses.tellAll(ids, true)
}
