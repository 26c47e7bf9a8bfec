/**
 * OCPP 1.6, 2.0.1 and 2.1 and our own actions as data: types, what is known about each action,
 * and whether a payload is valid.
 *
 * @module
 */
export * from './actions.ts'
export { EXTENSION_ACTIONS } from './extensions.ts'
export type * as Ocpp16 from './ocpp1.6.ts'
export type * as Ocpp201 from './ocpp2.0.1.ts'
export type * as Ocpp21 from './ocpp2.1.ts'
export type { Problem } from './problems.ts'
export * from './protocols.ts'
export * from './rpc-codes.ts'
export type { TextLengths } from './text-lengths.ts'
export * from './validation.ts'
export type * as Wattweave from './wattweave.ts'
