/** A charging station in a few lines: it boots, a car comes and charges, and it obeys its CSMS. */
import { assertNodeId } from 'wattweave/primitives'
import { createChargingStation } from 'wattweave/roles'
import { dial } from 'wattweave/transport'

const [url = 'ws://127.0.0.1:9000/', id = 'CS01'] = process.argv.slice(2)
const nodeId = assertNodeId(id)
const station = createChargingStation({
  nodeId,
  protocol: 'ocpp2.1',
  links: [dial({ url, nodeId, mode: 'standard', protocols: ['ocpp2.1'] })],
})
await station.start()
await station.accepted
station.plugIn(1, { capacityWh: 77_000, stateOfCharge: 0.3 })
console.log(await station.present(1, 'DEMO-ANNA'))
setInterval(() => console.log(station.evse(1).status, station.evse(1).powerW), 5_000)
