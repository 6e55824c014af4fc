import { useCallback, useEffect, useMemo, useState } from 'react'
import { type Answered, getStatus, getTrustOffer } from './lib/api.ts'
import type { Subject } from './lib/subject.ts'
import { readOffer } from './lib/trust.ts'
import { useLoaded } from './lib/use-loaded.ts'
import { useReceipt } from './lib/use-receipt.ts'
import { useTrust } from './lib/use-trust.ts'
import { AskSection } from './parts/ask-section.tsx'
import { CheckSection } from './parts/check-section.tsx'
import { FlipSection } from './parts/flip-section.tsx'
import { PageHead } from './parts/page-head.tsx'
import { ReceiptOfDecision } from './parts/receipt-section.tsx'
import { Section } from './parts/section.tsx'
import { TrustPanel } from './parts/trust-panel.tsx'

const STATUS_EVERY_MS = 10_000

export function App() {
  const status = useLoaded(getStatus, STATUS_EVERY_MS)
  const offer = useLoaded(getTrustOffer)
  const trust = useTrust()
  const [answered, setAnswered] = useState<Answered>()
  const [opened, setOpened] = useState<Subject>()

  const policies = useMemo(() => {
    const known = trust.granted.map(({ parsed }) => parsed)
    try {
      return offer.value ? [...known, readOffer(offer.value).parsed] : known
    } catch {
      return known
    }
  }, [trust.granted, offer.value])
  const address = answered?.receipt
  const followed = useReceipt(address, policies)
  const receipt = followed.fetched?.receipt

  const decided = useMemo<Subject | undefined>(() => {
    if (receipt === undefined || answered === undefined) return undefined
    // What this page sent and got is compared, not only what the receipt brings along.
    const { request, response } = answered
    return { title: 'the receipt of your decision', receipt, given: { request, response } }
  }, [receipt, answered])
  const checked = useMemo(
    () => decided && trust.checker.check(decided.receipt, decided.given),
    [decided, trust.checker],
  )
  const subjects = useMemo(
    () => [decided, opened].filter(subject => subject !== undefined),
    [decided, opened],
  )

  const { again: statusAgain } = status
  const witnessed = followed.fetched?.witnessed
  // The count of witnessed records is another one then.
  useEffect(() => {
    if (witnessed) statusAgain()
  }, [witnessed, statusAgain])
  const onAnswered = useCallback(
    (next: Answered | undefined) => {
      setAnswered(next)
      statusAgain()
    },
    [statusAgain],
  )

  return (
    <>
      <a className="skip" href="#main">
        Skip to the main part
      </a>
      <PageHead status={status} />
      <main id="main" tabIndex={-1}>
        <AskSection
          {...(status.value && { status: status.value })}
          {...(answered && { answered })}
          onAnswered={onAnswered}
        />
        <Section
          id="receipt"
          title="Its receipt"
          lead="Six questions about the answer. Each is answered with what that rests on, and with what it does not show."
        >
          <TrustPanel offer={offer} trust={trust} />
          {address ? (
            <ReceiptOfDecision address={address} followed={followed} {...(checked && { checked })} />
          ) : (
            <p className="soft">There is no receipt yet. It comes with the answer.</p>
          )}
        </Section>
        <FlipSection subjects={subjects} checker={trust.checker} trusted={trust.granted.length > 0} />
        <CheckSection checker={trust.checker} {...(opened && { opened })} onOpened={setOpened} />
      </main>
      <footer>
        <p>
          Answerable shows who recorded what, and when, and who would have had to collude to alter it. It does
          not show that an answer is right.
        </p>
      </footer>
    </>
  )
}
