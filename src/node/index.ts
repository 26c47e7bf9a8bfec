/**
 * One participant of the overlay: its links, routing, request matching, and the pipeline.
 *
 * @module
 */
export type { Logger, NodeEvent } from './core.ts'
export type { Context, Handlers, HandlersByProtocol } from './handlers.ts'
export { createNode, type Node, type NodeOptions } from './node.ts'
