import { useMemo, useState } from 'react'
import { Checker } from './check.ts'
import { type Granted, loadTrust, saveTrust } from './trust.ts'

export interface TrustState {
  granted: readonly Granted[]
  /** Checks under what is granted now. */
  checker: Checker
  /** False where the browser would not keep the grant. */
  lasting: boolean
  grant(offer: Granted): void
  withdraw(name: string): void
}

export function useTrust(): TrustState {
  const [granted, setGranted] = useState<readonly Granted[]>(loadTrust)
  const [lasting, setLasting] = useState(true)
  const checker = useMemo(() => new Checker(granted), [granted])
  const change = (next: readonly Granted[]) => {
    setGranted(next)
    setLasting(saveTrust(next))
  }
  return {
    granted,
    checker,
    lasting,
    grant: offer => change([...granted.filter(({ name }) => name !== offer.name), offer]),
    withdraw: name => change(granted.filter(other => other.name !== name)),
  }
}
