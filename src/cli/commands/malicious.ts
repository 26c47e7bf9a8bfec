import { silentLogger } from '../../node/core.ts'
import { systemClock } from '../../primitives/clock.ts'
import type { NodeId } from '../../primitives/ids.ts'
import { DEMONSTRATED, Demonstration } from '../../roles/malicious-controller/demonstration.ts'
import { createMaliciousController } from '../../roles/malicious-controller/malicious-controller.ts'
import { loadConfig } from '../config.ts'
import { createLinkSources } from '../link-sources.ts'
import type { ReadyLine } from './run.ts'

interface MaliciousOptions {
  readonly station: string
  readonly elsewhere: string
}

/**
 * `wattweave malicious FILE`: a local controller that lies, for the demo, which starts it and tells it
 * which attacks are on.
 */
export async function malicious(file: string, options: MaliciousOptions): Promise<void> {
  const config = loadConfig(file)
  const nodeId = config.nodeId as NodeId
  const { links, acceptors, stop } = createLinkSources(config, silentLogger)
  const controller = createMaliciousController({ nodeId, links })
  const demonstration = new Demonstration(controller, {
    station: options.station as NodeId,
    elsewhere: options.elsewhere as NodeId,
    clock: systemClock,
    tell: (attempt) => process.send?.({ attempt }),
  })
  process.on('message', ({ attack, isOn }: { attack?: unknown; isOn?: unknown }) => {
    const known = DEMONSTRATED.find((one) => one === attack)
    if (known) demonstration.switch(known, isOn === true)
  })
  const end = async () => {
    stop()
    await controller.stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, end)
  await controller.start()
  const listen = acceptors.map(({ url }) => url)
  const line: ReadyLine = {
    ready: nodeId,
    role: 'malicious-controller',
    listen,
    console: undefined,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
