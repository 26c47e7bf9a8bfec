/** The OCPP versions this package speaks, oldest first, spelled as WebSocket subprotocols. */
export const PROTOCOLS = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const

/** One of the OCPP versions, as a WebSocket subprotocol. */
export type Protocol = (typeof PROTOCOLS)[number]

/** Which of the two payloads of an action is meant. A SEND has only a request. */
export type Direction = 'request' | 'response'
