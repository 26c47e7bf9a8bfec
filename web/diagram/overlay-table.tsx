import type { LinkView, OverviewView } from '../../src/http/live-api.ts'
import { formatPower, formatVersion, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import { cellLabel } from './evse-cells.tsx'
import { evseCells, stationPower } from './evse-state.ts'
import { heldWords, linkLabel, securityWord } from './link-words.ts'

/** What the diagram shows, as a table; seen by screen readers only. */
export function OverlayTable({ overview }: { overview: OverviewView }) {
  return (
    <table className="visually-hidden">
      <caption>{text.diagram.table}</caption>
      <thead>
        <tr>
          {text.diagram.columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {overview.nodes.map((node) => {
          const power = stationPower(node)
          const uplinks = overview.links.filter((link) => link.from === node.id)
          return (
            <tr key={node.id}>
              <th scope="row">{node.id}</th>
              <td>
                {text.roles[node.role]}{' '}
                {node.protocol && text.node.version(formatVersion(node.protocol))}
              </td>
              <td>
                {text.node[node.state]} {node.simulated ? text.node.simulated : ''}
              </td>
              <td>{uplinks.map(linkSentence).join('; ')}</td>
              <td>{evseCells(node.evses).map(cellLabel).join(', ')}</td>
              <td>{power === undefined ? text.none : join(formatPower(power))}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function linkSentence(link: LinkView): string {
  const now = Date.now()
  const words = [
    text.link.forms[link.form],
    linkLabel(link, now),
    securityWord(link),
    heldWords(link, now),
  ]
  return `${link.to}: ${words.filter(Boolean).join(', ')}`
}
