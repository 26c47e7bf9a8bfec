import type { AnyHandler, Context, HandlersByProtocol } from '../../node/handlers.ts'
import type { NodeId } from '../../primitives/ids.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'

/** The same handlers, for which a station is called as when it came first, in whatever case. */
export function spelledAsKnown(handlers: HandlersByProtocol, store: CsmsStore): HandlersByProtocol {
  const spelled = Object.entries(handlers).map(([protocol, byAction]) => {
    const entries = Object.entries(byAction) as [string, AnyHandler][]
    return [protocol, Object.fromEntries(entries.map(([action, run]) => [action, named(run, store)]))] // biome-ignore format: one line
  })
  return Object.fromEntries(spelled) as HandlersByProtocol
}

function named(run: AnyHandler, store: CsmsStore): AnyHandler {
  return (request, context: Context) =>
    run(request, { ...context, source: store.spokenAs(context.source) as NodeId })
}
