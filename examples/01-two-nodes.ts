/** Two nodes in one process: one asks the other by name, over a link in memory. */
import { createNode } from '../src/node/node.ts'
import { systemClock } from '../src/primitives/clock.ts'
import type { NodeId } from '../src/primitives/ids.ts'
import { systemRandomness } from '../src/primitives/randomness.ts'
import type { Link } from '../src/transport/link.ts'
import { createMemoryLinks } from '../src/transport/memory-link.ts'

const common = {
  form: 'overlay',
  protocol: 'ocpp2.1',
  peer: 'node',
  capabilities: new Set<string>(),
  transport: 'plain',
  credential: 'none',
} as const
const [up, down] = createMemoryLinks(
  { ...common, peerIds: ['CSMS01' as NodeId], way: 'up' },
  { ...common, peerIds: ['CS01' as NodeId], way: 'down' },
  { clock: systemClock, random: systemRandomness },
)

const csms = createNode({
  nodeId: 'CSMS01',
  services: ['CSMS'],
  links: [source(down)],
  handlers: {
    'ocpp2.1': { Heartbeat: () => ({ currentTime: new Date().toISOString() }) },
  },
})
const station = createNode({ nodeId: 'CS01', links: [source(up)] })
await csms.start()
await station.start()

const { currentTime } = await station.call('CSMS', 'ocpp2.1', 'Heartbeat', {})
console.log(`The CSMS says it is ${currentTime}`)
await station.stop()
await csms.stop()

function source(link: Link) {
  return {
    start: async (onLink: (link: Link) => void) => onLink(link),
    stop: async () => {},
  }
}
