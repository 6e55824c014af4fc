/** What another system's receipt shows, as the six claims (docs/other-receipts.md has the table). */
import type { Claim, ClaimName } from '../receipt/claims.ts'
import { detailOf } from '../receipt/words.ts'
import type { AttestationFound, ForeignFindings } from './findings.ts'

export function foreignClaims(findings: ForeignFindings): Record<ClaimName, Claim> {
  const shown = findings.signed.outcome === 'good'
  return {
    recorded: recorded(findings),
    model: shown ? model(findings) : notShown('model', 'What answered.'),
    place:
      shown || (findings.signed.outcome === 'unknown-signer' && findings.attestation !== undefined)
        ? place(findings.attestation, findings.signer)
        : notShown('place', 'Where this ran, and who could have watched.'),
    output: shown
      ? {
          claim: 'output',
          result: 'not-checked',
          reason: 'not-recomputed',
          sentence: 'Nobody has run this again.',
          notShown: 'That the model gives this output for this input.',
        }
      : notShown('output', 'That the model gives this output for this input.'),
    quality: {
      claim: 'quality',
      result: 'not-checked',
      reason: 'no-evaluations',
      sentence: 'No evaluation or outcome is known here.',
      notShown: 'Whether the answer is good, fair or useful.',
    },
    accountability: shown
      ? {
          claim: 'accountability',
          result: 'not-checked',
          reason: 'nobody-answers',
          sentence: 'It names a key, and no party that answers for what the key signed.',
          notShown: 'Who answers for this, on what terms, and whether it is contested.',
        }
      : notShown('accountability', 'Who answers for this.'),
  }
}

function recorded({ signed, signer, compared, time }: ForeignFindings): Claim {
  const base = { claim: 'recorded' } as const
  if (signed.outcome === 'bad')
    return {
      ...base,
      result: 'fail',
      basis: 'signature',
      reason: signed.reason,
      sentence: `What was signed is not what is here: ${detailOf(signed.detail)}.`,
      notShown: 'Which side changed it.',
    }
  if (signed.outcome === 'unknown-signer')
    return {
      ...base,
      result: 'not-checked',
      reason: 'unknown-signer',
      sentence: `Whose signature this is cannot be told: ${detailOf(signed.detail)}.`,
      notShown: 'Anything: whoever wrote the file may have made a key for it.',
    }
  const over = (['request', 'response'] as const).filter(name => compared[name] === 'same')
  const when = time === undefined ? '' : `, at ${new Date(time).toISOString()} by its own clock`
  const missing = (['request', 'response'] as const)
    .filter(name => compared[name] === 'not-given')
    .map(name => `that the ${name} is the one you hold (it was not given)`)
  return {
    ...base,
    result: 'not-checked',
    reason: 'no-log',
    sentence: `${upperFirst(detailOf(signer))} signed ${over.length === 0 ? 'two digests' : `the ${over.join(' and the ')} that you hold`}${when}. No log holds it, so nobody but the signer need know of it.`,
    notShown: `It does not show ${[...missing, 'that the signer did not sign another answer to the same request', 'when this was'].join('; nor ')}.`,
  }
}

function model({ model: said }: ForeignFindings): Claim {
  return said.stated
    ? {
        claim: 'model',
        result: 'pass',
        basis: 'assertion',
        reason: 'signer-assertion',
        sentence: `The signer says which model answered: ${detailOf(said.detail)}.`,
        notShown: 'That these weights answered, or which weights that name stands for.',
      }
    : {
        claim: 'model',
        result: 'not-checked',
        reason: 'not-signed',
        sentence: `No signature says which model answered: ${detailOf(said.detail)}.`,
        notShown: 'What answered.',
      }
}

function place(found: AttestationFound | undefined, signer: string): Claim {
  const base = { claim: 'place', notShown: 'Where this ran, and who could have watched.' } as const
  const stopped = (reason: Stop, sentence: string): Claim => ({
    ...base,
    result: 'not-checked',
    reason,
    sentence,
  })
  const rejected = (reason: 'evidence-rejected' | 'evidence-not-bound', sentence: string): Claim => ({
    ...base,
    result: 'fail',
    basis: 'hardware',
    reason,
    sentence,
  })
  if (found === undefined) return stopped('no-evidence', 'No evidence of hardware came along.')
  if (found.outcome === 'not-checked')
    return stopped(
      'evidence-not-checked',
      `Evidence came along, and was not checked: ${detailOf(found.detail)}.`,
    )
  if (found.outcome === 'binding-not-shown')
    return stopped(
      'evidence-incomplete',
      `Whether the evidence is about that key is not shown: ${detailOf(found.detail)}.`,
    )
  if (found.outcome === 'of-another')
    return rejected('evidence-not-bound', `The evidence is not about that key: ${detailOf(found.detail)}.`)
  if (found.outcome === 'unreadable')
    return rejected(
      'evidence-rejected',
      `What came along as evidence cannot be read: ${detailOf(found.detail)}.`,
    )
  const { appraisal, time } = found
  const asOf = new Date(time).toISOString()
  const unmet = detailOf(appraisal.verdict.unmet.join('; '))
  if (appraisal.checks.some(({ check, outcome }) => check === 'binding' && outcome === 'fail'))
    return rejected('evidence-not-bound', 'The evidence is not about that key.')
  if (appraisal.checks.some(({ outcome }) => outcome === 'fail') && !appraisal.verdict.met)
    return rejected('evidence-rejected', `The evidence does not hold as of ${asOf}: ${unmet}.`)
  if (!appraisal.verdict.met)
    return stopped(
      'evidence-incomplete',
      `The evidence lacks what your policy asks for, as of ${asOf}: ${unmet}.`,
    )
  const where = `${appraisal.platform} says that the workload it measured has ${detailOf(signer)}, as of ${asOf}`
  if (appraisal.reference === undefined)
    return stopped(
      'measurement-not-approved',
      `${where}; which software that is, nobody says whom you named.`,
    )
  return {
    claim: 'place',
    result: 'pass',
    basis: 'hardware',
    reason: 'hardware-attested',
    sentence: `${where}. Your policy names it: ${detailOf(appraisal.reference.image)}.`,
    notShown: 'What it forwards to, or that it kept its key to itself.',
  }
}

type Stop = 'no-evidence' | 'evidence-not-checked' | 'evidence-incomplete' | 'measurement-not-approved'

function notShown(claim: ClaimName, missing: string): Claim {
  return {
    claim,
    result: 'not-checked',
    reason: 'record-not-shown',
    sentence: 'The signature is not shown, so nothing that it is over is looked at.',
    notShown: missing,
  }
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
