/** Descriptors are finite; one process is to hold fewer than 20 000. */
const MAX_CONNECTIONS = 18_000

/** Of a process that may open few files: a tenth of these, at least so many, is for anything else. */
const MIN_OTHER_FILES = 64
const MAX_HTTP_CONNECTIONS = 500

/** @param openFiles How many files the system lets this process open; a text where it sets no limit. */
export function connectionsWithin(openFiles: number | string | undefined): number {
  if (typeof openFiles !== 'number') return MAX_CONNECTIONS
  const others = Math.max(MIN_OTHER_FILES, Math.ceil(openFiles / 10))
  return Math.max(1, Math.min(MAX_CONNECTIONS, openFiles - others))
}

/**
 * The share of the HTTP port, which takes twice that for a moment: the other half of what stations
 * leave is for files.
 */
export function httpConnectionsWithin(openFiles: number | string | undefined): number {
  if (typeof openFiles !== 'number') return MAX_HTTP_CONNECTIONS
  const others = openFiles - connectionsWithin(openFiles)
  return Math.max(1, Math.min(MAX_HTTP_CONNECTIONS, Math.floor(others / 4)))
}

/** How many connections may be open at once, over all listeners that share it. */
export class ConnectionBudget {
  #open = 0
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get max(): number {
    return this.#max
  }

  get open(): number {
    return this.#open
  }

  /** @returns False when there are too many; then there is nothing to give back. */
  take(): boolean {
    if (this.#open >= this.#max) return false
    this.#open++
    return true
  }

  giveBack(): void {
    this.#open--
  }
}

const OPEN_FILES = openFilesLimit()

/** What the listeners of this process share. */
export const PROCESS_CONNECTIONS = new ConnectionBudget(connectionsWithin(OPEN_FILES))

/** The share of the HTTP port. */
export const HTTP_CONNECTIONS = httpConnectionsWithin(OPEN_FILES)

function openFilesLimit(): number | string | undefined {
  // Names of network interfaces would be looked up, which may take long.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as { readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } } } // biome-ignore format: one line
  return userLimits?.open_files?.soft
}
