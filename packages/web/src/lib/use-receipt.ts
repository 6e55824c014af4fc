import type { Policy } from '@answerable/core/tlog'
import { useEffect, useRef, useState } from 'react'
import type { ReceiptAddress } from './api.ts'
import { type Fetched, followReceipt } from './follow.ts'
import { type Problem, problemOf } from './problem.ts'
import { isWitnessed } from './proof.ts'

export interface FollowedReceipt {
  fetched?: Fetched
  problem?: Problem
  again(): void
}

/** The receipt at an address, fetched until witnessed. `policies` say only when to stop asking. */
export function useReceipt(
  address: ReceiptAddress | undefined,
  policies: readonly Policy[],
): FollowedReceipt {
  const [fetched, setFetched] = useState<Fetched>()
  const [problem, setProblem] = useState<Problem>()
  const [round, setRound] = useState(0)
  const known = useRef(policies)
  known.current = policies
  useEffect(() => {
    const stop = new AbortController()
    setProblem(undefined)
    if (round === 0 || address === undefined) setFetched(undefined)
    if (address === undefined) return
    const witnessed = (receipt: Fetched['receipt']) => isWitnessed(receipt, known.current)
    followReceipt(address, witnessed, setFetched, stop.signal).catch(error => {
      if (stop.signal.aborted) return
      setProblem(problemOf(error))
      setFetched(before => before && { ...before, following: false })
    })
    return () => stop.abort()
  }, [address, round])
  return {
    ...(fetched && { fetched }),
    ...(problem && { problem }),
    again: () => setRound(n => n + 1),
  }
}
