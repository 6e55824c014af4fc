import { useCallback, useEffect, useState } from 'react'
import { type Problem, problemOf } from './problem.ts'

export interface Loaded<T> {
  value?: T
  /** Why the last try failed. A value from before stays. */
  problem?: Problem
  again(): void
}

/** What `load` gives, from the first showing on, again on request and every `everyMs` while the page is looked at. */
export function useLoaded<T>(load: () => Promise<T>, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'again'>>({})
  const again = useCallback(() => {
    load().then(
      value => setState({ value }),
      error =>
        setState(({ value }) => ({ ...(value !== undefined && { value }), problem: problemOf(error) })),
    )
  }, [load])
  useEffect(again, [again])
  useEffect(() => {
    if (everyMs === undefined) return
    const timer = setInterval(() => {
      if (!document.hidden) again()
    }, everyMs)
    return () => clearInterval(timer)
  }, [again, everyMs])
  return { ...state, again }
}
