import { attacks } from './english/attacks.ts'
import { inspector } from './english/inspector.ts'
import { operations } from './english/operations.ts'
import { overlay } from './english/overlay.ts'
import { records } from './english/records.ts'
import { rules } from './english/rules.ts'
import { shell } from './english/shell.ts'
import { stations } from './english/stations.ts'
import { trust } from './english/trust.ts'

/** Every word the console shows, in English. */
export const en = {
  locale: 'en-GB',
  product: 'Wattweave',
  ...shell,
  ...overlay,
  ...inspector,
  ...stations,
  ...operations,
  ...records,
  ...trust,
  rules,
  attacks,
}
