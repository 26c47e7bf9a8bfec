// biome-ignore-all lint/a11y/useSemanticElements: SVG has no such elements
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a group or text of an SVG takes no focus
import type { LinkView } from '../../src/http/live-api.ts'
import { text } from '../text/text.ts'
import { HeldFrames } from './held-frames.tsx'
import type { Point, Wire } from './layout.ts'
import styles from './link-line.module.css'
import { heldWords, isShared, linkLabel, securityWord } from './link-words.ts'
import { DENSE_RATE } from './marks.ts'

const GAP = 26

/** One link: copper where it is shared, opened like a disconnector where it is down. */
export function LinkLine(props: {
  link: LinkView
  wire: Wire
  now: number
  isSelected: boolean
  onOpen: () => void
}) {
  const { link, wire, now, isSelected, onOpen } = props
  const line = wire.points.map(([x, y]) => `${x} ${y}`).join('L')
  const label = linkLabel(link, now)
  const word = securityWord(link)
  const held = heldWords(link, now)
  const name = [text.link.between(link.from, link.to), label, word, held].filter(Boolean).join(', ')
  return (
    <g
      className={styles.link}
      data-link={link.id}
      data-form={link.form}
      data-state={link.state}
      data-shared={isShared(link)}
      data-selected={isSelected}
    >
      <g
        className={styles.button}
        role="button"
        tabIndex={-1}
        aria-label={name}
        onClick={onOpen}
        onKeyDown={(event) => event.key === 'Enter' && onOpen()}
      >
        <path className={styles.hit} d={`M${line}`} />
        {link.state === 'down' ? (
          <Disconnector wire={wire} />
        ) : (
          <>
            <path className={styles.line} d={`M${line}`} />
            {link.framesPerSecond > DENSE_RATE && <path className={styles.flow} d={`M${line}`} />}
          </>
        )}
      </g>
      {link.held && <HeldFrames held={link.held} wire={wire} now={now} />}
      {wire.hasRoomForLabel && <LinkText link={link} wire={wire} label={label} word={word} />}
    </g>
  )
}

function LinkText(props: { link: LinkView; wire: Wire; label: string; word: string }) {
  const { link, wire, label, word } = props
  const [x, top] = wire.upper
  const middle = (top + wire.lower[1]) / 2
  const lines = [label, word].filter(Boolean)
  const left = x + (link.form === 'overlay' ? 14 : link.state === 'down' ? 8 : 7)
  return (
    <text className={styles.label} aria-hidden="true">
      {lines.map((words, index) => (
        <tspan
          key={words === word ? 'word' : 'label'}
          className={words === word ? styles.warn : undefined}
          x={left}
          y={middle + 4 + (index - (lines.length - 1) / 2) * 15}
        >
          {words}
        </tspan>
      ))}
    </text>
  )
}

/** The open switch: both stubs, a fixed contact above, a blade standing off at 30° below. */
function Disconnector({ wire }: { wire: Wire }) {
  const [x, top] = wire.upper
  const middle = (top + wire.lower[1]) / 2
  const contact = middle - GAP / 2
  const hinge = middle + GAP / 2
  const tip: Point = [x - GAP * Math.sin(Math.PI / 6), hinge - GAP * Math.cos(Math.PI / 6)]
  const rest = [...wire.points].filter(([px, py]) => px !== x || py > hinge)
  const below = [...rest.map(([px, py]) => `${px} ${py}`), `${x} ${hinge}`].join('L')
  return (
    <g className={styles.open}>
      <path d={`M${x} ${top}V${contact}M${x - 5} ${contact}H${x + 5}`} />
      <path d={`M${below}`} />
      <path className={styles.blade} d={`M${x} ${hinge}L${tip[0]} ${tip[1]}`} />
      <circle cx={x} cy={hinge} r={3} />
    </g>
  )
}
