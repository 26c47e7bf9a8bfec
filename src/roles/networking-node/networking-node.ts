import { createNode, type Node, type NodeOptions } from '../../node/node.ts'

/** Options of a node that only forwards: it provides no service and obeys nobody. */
export type NetworkingNodeOptions = Omit<NodeOptions, 'handlers' | 'services'>

/**
 * Many stations below, few connections above. List uplinks before listening links: a station that
 * comes while there is no way up would be told so.
 */
export function createNetworkingNode(options: NetworkingNodeOptions): Node {
  return createNode(options)
}
