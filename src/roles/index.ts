/**
 * What makes a node a charging station, a networking node or a CSMS.
 *
 * @module
 */
export {
  type ChargingStation,
  type ChargingStationOptions,
  createChargingStation,
} from './charging-station/charging-station.ts'
export { type CsmsOptions, createCsms } from './csms/csms.ts'
export { createNetworkingNode } from './networking-node/networking-node.ts'
