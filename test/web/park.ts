import type { FrameView, LinkView, NodeView } from '../../src/http/live-api.ts'

const TIME = '2026-01-05T11:04:21.137Z'

/** A node that is up. */
export function node(id: string, role: NodeView['role'], more: Partial<NodeView> = {}): NodeView {
  return {
    id,
    role,
    self: id === 'CSMS01',
    services: [],
    simulated: false,
    state: 'up',
    since: TIME,
    evses: [],
    ...more,
  }
}

/** A link that is up and protected. */
export function link(
  from: string,
  to: string,
  form: LinkView['form'] = 'standard',
  more: Partial<LinkView> = {},
): LinkView {
  return {
    id: `${from}>${to}`,
    from,
    to,
    form,
    state: 'up',
    since: TIME,
    sharedBy: 1,
    framesPerSecond: 0,
    transport: 'tls',
    credential: 'basic',
    own: to === 'CSMS01',
    ...more,
  }
}

/** CSMS01 with NN01 and `count` stations below it; CS06 alone hangs from the CSMS directly. */
export function park(count: number) {
  const ids: string[] = []
  for (let index = 1; ids.length < count; index += 1) {
    if (index !== 6) ids.push(`CS${String(index).padStart(2, '0')}`)
  }
  const nodes = [
    node('CSMS01', 'csms'),
    node('NN01', 'networking-node'),
    ...[...ids, 'CS06'].map((id) => node(id, 'charging-station')),
  ]
  const links = [
    link('NN01', 'CSMS01', 'overlay', { sharedBy: count }),
    ...ids.map((id) => link(id, 'NN01')),
    link('CS06', 'CSMS01'),
  ]
  return { nodes, links }
}

/** A Heartbeat CALL that CSMS01 received from CS01 through NN01. */
export function frame(sequence: number, more: Partial<FrameView> = {}): FrameView {
  return {
    sequence,
    time: TIME,
    direction: 'received',
    link: 'NN01',
    kind: 'CALL',
    encoding: 'text',
    form: 'overlay',
    destination: 'CSMS01',
    networkPath: ['CS01', 'NN01'],
    messageId: `m${sequence}`,
    action: 'Heartbeat',
    priority: 'telemetry',
    bytes: 42,
    reaction: 'handled',
    ...more,
  }
}
