/**
 * Shares a current among those who want some of it: nobody gets more than they want, what is left
 * goes to the others in equal parts, and nobody gets less than they can use.
 *
 * @param totalA Per phase.
 * @param wantsA What each could use, per phase; 0 for none.
 * @param minimumA Less is of no use; the last ones then wait.
 * @returns Never more than `totalA` in sum.
 * @spec OCPP 1.6 edition 2 section 3.13.3, ChargePointMaxProfile
 */
export function allot(totalA: number, wantsA: readonly number[], minimumA: number): number[] {
  const served = wantsA.map((_, at) => at).filter((at) => (wantsA[at] ?? 0) >= minimumA)
  for (; served.length > 0; served.pop()) {
    const shares = fill(totalA, wantsA, served)
    if (served.every((at) => (shares[at] ?? 0) >= minimumA)) return shares
  }
  return wantsA.map(() => 0)
}

function fill(totalA: number, wantsA: readonly number[], served: readonly number[]): number[] {
  const shares = wantsA.map(() => 0)
  let leftA = totalA
  const byWant = [...served].sort((a, b) => (wantsA[a] ?? 0) - (wantsA[b] ?? 0))
  for (const [done, at] of byWant.entries()) {
    const share = Math.min(wantsA[at] ?? 0, leftA / (byWant.length - done))
    shares[at] = share
    leftA -= share
  }
  return shares
}
