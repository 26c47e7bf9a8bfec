import type { LinkView } from '../../src/http/live-api.ts'
import type { Box, Layout } from './layout.ts'

export type Step = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'

/** The node an arrow key leads to: up and down along links, left and right within the tier. */
export function walk(
  layout: Layout,
  links: readonly LinkView[],
  from: string,
  step: Step,
): string | undefined {
  const here = layout.boxes.get(from)
  if (!here) return undefined
  if (step === 'ArrowLeft' || step === 'ArrowRight') return alongTier(layout, here, step)
  const linked = links.flatMap((link) => {
    if (link.from !== from && link.to !== from) return []
    return [link.from === from ? link.to : link.from]
  })
  const boxes = linked.flatMap((id) => layout.boxes.get(id) ?? [])
  return nearest(
    boxes.filter((box) => (step === 'ArrowUp' ? box.y < here.y : box.y > here.y)),
    here,
  )
}

function alongTier(layout: Layout, here: Box, step: Step): string | undefined {
  const sign = step === 'ArrowRight' ? 1 : -1
  const same = [...layout.boxes.values()].filter((box) => box.tier === here.tier && box !== here)
  const row = same.filter((box) => box.y === here.y && (box.x - here.x) * sign > 0)
  return nearest(row, here)
}

function nearest(boxes: readonly Box[], here: Box): string | undefined {
  const left = (box: Box) => Math.abs(box.x - here.x) + Math.abs(box.y - here.y)
  return [...boxes].sort((a, b) => left(a) - left(b) || (a.id < b.id ? -1 : 1))[0]?.id
}
