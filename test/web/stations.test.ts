import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stations } from '../../web/text/english/stations.ts'

test('each connector of a station has its own name, in OCPP 1.6 too, where 0 is the station', () => {
  const named = (protocol: string, ...connectors: [evseId: number, connectorId: number][]) =>
    connectors.map(([evseId, connectorId]) =>
      stations.stations.connector(evseId, connectorId, protocol),
    )

  assert.deepEqual(named('ocpp1.6', [0, 0], [1, 1], [2, 1]), ['Whole station', 'Connector 1', 'Connector 2']) // biome-ignore format: one line
  assert.deepEqual(named('ocpp2.1', [1, 1], [1, 2]), ['EVSE 1, connector 1', 'EVSE 1, connector 2'])
})
