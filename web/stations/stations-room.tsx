import { useLive } from '../live/use-live.ts'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { StationList } from './station-list.tsx'
import { StationsOnTheWay } from './stations-on-the-way.tsx'

/** The room with the stations: at a CSMS all it has stored, elsewhere those that pass here. */
export function StationsRoom() {
  const overview = useLive((state) => state.overview)
  if (!overview) return <p className={tables.note}>{text.diagram.waiting}</p>
  const isCsms = overview.nodes.some((node) => node.self && node.role === 'csms')
  return isCsms ? <StationList overview={overview} /> : <StationsOnTheWay overview={overview} />
}
