import { CLAIMS } from '@answerable/core/receipt'
import type { Checked } from '../lib/check.ts'
import { ClaimRow } from './claim-row.tsx'
import { EvidenceView } from './evidence-view.tsx'
import { OpinionsView } from './opinions-view.tsx'
import { VerdictLine } from './verdict-line.tsx'

interface Props {
  checked: Checked
  title: string
}

/** The verdict, and the six claims that it rests on. */
export function ClaimsView({ checked: { verification, ms }, title }: Props) {
  return (
    <div className="claims-view">
      <h3>{title}</h3>
      <VerdictLine verification={verification} />
      <ul className="claims">
        {CLAIMS.map(name => (
          <ClaimRow key={name} claim={verification.claims[name]} />
        ))}
      </ul>
      {verification.evidence && <EvidenceView evidence={verification.evidence} />}
      {verification.opinions && <OpinionsView opinions={verification.opinions} />}
      <p className="fine">
        Checked in this browser, by this page’s own code, in {Math.max(1, Math.round(ms))} ms.
      </p>
    </div>
  )
}
