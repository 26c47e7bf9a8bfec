import { OverlayError } from '../errors.ts'
import { verifyPayload } from '../security/carriers.ts'
import { isObject } from '../security/header.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { DataFacts, SignerFacts } from '../security/policies/facts.ts'
import type { DataAsked } from '../security/policies/rule-book.ts'
import type { Verdict } from '../security/verdict.ts'
import type { JsonObject } from '../wire/payload.ts'
import { parsePointer } from '../wire/pointer.ts'

/**
 * Data inside a payload that is signed by itself, as a tariff by its provider, where policies ask
 * for it. What is wrong with one of them makes it none.
 */
export function dataIn(
  payload: JsonObject,
  asked: readonly DataAsked[],
  { directory, nowS }: { readonly directory: KeyDirectory; readonly nowS: number },
): readonly DataFacts[] {
  return asked.flatMap(({ pointer, ctx }) => {
    const value = valueAt(payload, pointer)
    const verdict = isObject(value) ? verified(value, ctx, directory) : undefined
    if (verdict?.status !== 'verified') return []
    const signers = verdict.signers.flatMap(({ kid, header }): SignerFacts[] => {
      if (header.exp !== undefined && header.exp < nowS) return []
      const found = directory.find(kid, 'sign-data', header.iat, nowS)
      if (found.status !== 'usable') return []
      const { owner, organisation, roles, key } = found.record
      return [{ kid, owner, roles, algorithm: key.alg, ...(organisation !== undefined && { organisation }) }] // biome-ignore format: one line
    })
    return [{ pointer, ctx, signers }]
  })
}

function verified(value: JsonObject, ctx: string, { keyOf }: KeyDirectory): Verdict | undefined {
  try {
    return verifyPayload(value, { expected: { kind: 'data', ctx }, keyOf })
  } catch (error) {
    if (error instanceof OverlayError) return undefined
    throw error
  }
}

function valueAt(root: unknown, text: string): unknown {
  const pointer = parsePointer(text)
  if (typeof pointer === 'string') return undefined
  return pointer.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined
    return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  }, root)
}
