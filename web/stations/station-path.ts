/** Where the page of a station is. A dot would make it the address of a file. */
export function stationPath(id: string): string {
  return `/stations/${encodeURIComponent(id).replaceAll('.', '%2E')}`
}

/** Where the API has what is of a station. */
export function stationApi(id: string): string {
  return `/api/stations/${encodeURIComponent(id)}`
}
