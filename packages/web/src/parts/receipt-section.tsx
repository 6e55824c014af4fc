import type { ReceiptAddress } from '../lib/api.ts'
import type { Checked } from '../lib/check.ts'
import { proofFacts } from '../lib/proof.ts'
import { saveFile } from '../lib/save.ts'
import type { FollowedReceipt } from '../lib/use-receipt.ts'
import { summary } from '../lib/words.ts'
import { ClaimsView } from './claims-view.tsx'
import { LogPicture } from './log-picture.tsx'
import { ProblemNote } from './problem-note.tsx'
import { StageLine } from './stage-line.tsx'

interface Props {
  address: ReceiptAddress
  followed: FollowedReceipt
  checked?: Checked
}

/** The receipt of the decision: how far it is, what it shows, and where it stands in the log. */
export function ReceiptOfDecision({ address, followed: { fetched, problem, again }, checked }: Props) {
  const facts = fetched && proofFacts(fetched.receipt)
  return (
    <>
      <div aria-live="polite" aria-busy={!fetched && !problem}>
        <p className="receipt-id">
          Receipt <code>{address.id}</code>
        </p>
        {problem && <ProblemNote what="The receipt could not be fetched." problem={problem} again={again} />}
        {!fetched && !problem && <p className="soft">Fetching the receipt…</p>}
        {fetched && <StageLine fetched={fetched} cosigners={facts?.cosigners.length ?? 0} again={again} />}
      </div>
      <p className="unseen" role="status">
        {checked ? summary(checked.verification) : ''}
      </p>
      {fetched && checked && (
        <>
          <div className="with-picture">
            <ClaimsView checked={checked} title="Six claims" />
            {facts && <LogPicture facts={facts} verification={checked.verification} />}
          </div>
          <div className="actions">
            <button
              type="button"
              className="quiet"
              onClick={() => saveFile(`receipt-${address.id}.json`, fetched.bytes)}
            >
              Download the receipt
            </button>
            <p className="fine">
              It opens without this server: drop it below, or run <code>answerable verify FILE</code>.
            </p>
          </div>
        </>
      )}
    </>
  )
}
