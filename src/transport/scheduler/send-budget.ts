import type { Shipment } from './shipment.ts'

/** What a waiting frame takes besides its bytes: its own objects, and those of a source of its own. */
const FRAME_BYTES = 768
/** Of what is not reserved, bulk may fill this share: a transfer must not crowd out CALLs. */
const BULK_SHARE = 0.5

export interface BudgetOptions {
  readonly queueBytes: number
  readonly reservedShare: number
  readonly memoryLimitBytes: number
}

/** Bytes of memory that waiting frames take, and who may take more. */
export class SendBudget {
  readonly #options: BudgetOptions
  readonly #ordinaryLimitBytes: number
  readonly #bulkLimitBytes: number
  #total = 0
  #ordinary = 0
  #ordinaryBulk = 0

  constructor(options: BudgetOptions) {
    this.#options = options
    this.#ordinaryLimitBytes = options.queueBytes * (1 - options.reservedShare)
    this.#bulkLimitBytes = this.#ordinaryLimitBytes * BULK_SHARE
  }

  /** Whether the frame may wait. Whoever must be admitted is, up to the memory limit. */
  hasRoomFor(shipment: Shipment<unknown>): boolean {
    const bytes = costOf(shipment)
    if (mustBeAdmitted(shipment)) return this.#total + bytes <= this.#options.memoryLimitBytes
    if (this.#total + bytes > this.#options.queueBytes) return false
    if (this.#ordinary + bytes > this.#ordinaryLimitBytes) return false
    return shipment.priority !== 'bulk' || this.#ordinaryBulk + bytes <= this.#bulkLimitBytes
  }

  take(frame: Shipment<unknown>): void {
    this.#add(frame, costOf(frame))
  }

  giveBack(frame: Shipment<unknown>): void {
    this.#add(frame, -costOf(frame))
  }

  #add(frame: Shipment<unknown>, bytes: number): void {
    this.#total += bytes
    if (mustBeAdmitted(frame)) return
    this.#ordinary += bytes
    if (frame.priority === 'bulk') this.#ordinaryBulk += bytes
  }
}

/**
 * Answers end work that was begun elsewhere, control keeps routes and credits alive, and a SEND can
 * be neither answered nor, unless its row says so, dropped: none of them is ever turned away while
 * there is memory.
 */
export function mustBeAdmitted({ kind, priority, isDroppable }: Shipment<unknown>): boolean {
  return kind === 'answer' || priority === 'control' || (kind === 'send' && !isDroppable)
}

function costOf(frame: Shipment<unknown>): number {
  return frame.bytes.length + FRAME_BYTES
}
