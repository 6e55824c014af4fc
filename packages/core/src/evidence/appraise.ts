/** One appraisal (RFC 9334): a document's own checks, and those that are the same for every format. */
import { toHex } from '../bytes.ts'
import { isBoundTo } from './binding.ts'
import { type Check, check } from './check.ts'
import type { AppraisalContext, EvidenceFormat, Findings } from './format.ts'
import { imageProvenance } from './image-provenance.ts'
import { type EvidenceVerdict, judgeEvidence } from './policy.ts'
import { matchesReference, type ReferenceValue } from './reference.ts'

export type Approved = (found: Pick<Findings, 'format' | 'measurements'>) => ReferenceValue | undefined

export interface AppraiseOptions extends AppraisalContext {
  /** What the report data must be. */
  binding?: Uint8Array
  /** Checks that must pass besides what the policy requires. */
  also?: Parameters<typeof judgeEvidence>[3]
  /** Finds the image that others approved by these measurements; that there is none is no fault. */
  approved?: Approved
}

export interface Appraisal extends Findings {
  /** A reference value of the reader's policy that the measurements are. */
  reference?: ReferenceValue
  verdict: EvidenceVerdict
}

/** Appraises a document that was read. Never throws for anything that evidence or endorsements can hold. */
export function appraise<P>(format: EvidenceFormat<P>, parsed: P, options: AppraiseOptions): Appraisal {
  const { policy, binding, nonce, also, approved } = options
  const findings = format.check(parsed, options)
  const checks = [...findings.checks]
  const add = (one: Check): void => {
    if (!checks.some(({ check: name }) => name === one.check)) checks.push(one)
  }
  add(nonceCheck(findings, nonce))
  add(bindingCheck(findings, binding))
  const reference = policy.references.find(one => matchesReference(one, findings))
  const named = policy.references.some(one => one.format === findings.format)
  // The reader decides, also beside what a format found by itself; whom the reader goes by decides where the reader does not.
  const decide = (one: Check): void => {
    const open = checks.findIndex(
      ({ check: name, outcome }) => name === 'measurement' && outcome === 'not-checked',
    )
    if (open >= 0) checks.splice(open, 1)
    checks.push(one)
  }
  const other = approved?.(findings)
  if (reference !== undefined)
    decide(check('measurement', 'pass', 'measurement-approved', `your policy names it: ${reference.image}`))
  else if (named)
    decide(
      check('measurement', 'fail', 'measurement-not-approved', 'your policy names others of this format'),
    )
  else if (other !== undefined)
    decide(check('measurement', 'pass', 'measurement-approved', `it is approved: ${other.image}`))
  else
    add(
      check(
        'measurement',
        'not-checked',
        'no-reference-values',
        'nobody whom you named says which image this is',
      ),
    )
  const provenance = reference && imageProvenance(reference, findings, options)
  if (provenance !== undefined) checks.push(provenance)
  const verdict = judgeEvidence(findings.format, checks, policy, also)
  return { ...findings, checks, verdict, ...(reference && { reference }) }
}

function nonceCheck({ nonce }: Findings, expected: Uint8Array | undefined): Check {
  if (expected === undefined)
    return check('nonce', 'not-checked', 'no-nonce-expected', 'you named no nonce that it should have')
  return nonce !== undefined && isBoundTo(nonce, expected)
    ? check('nonce', 'pass', 'nonce-matches', 'it holds the nonce that it should')
    : check('nonce', 'fail', 'wrong-nonce', `it holds ${nonce === undefined ? 'no nonce' : 'another nonce'}`)
}

function bindingCheck({ reportData }: Findings, expected: Uint8Array | undefined): Check {
  if (reportData === undefined)
    return expected === undefined
      ? check('binding', 'not-checked', 'nothing-bound', 'its workload had nothing signed along')
      : check('binding', 'fail', 'wrong-binding', 'its workload had nothing signed along')
  if (expected === undefined)
    return check(
      'binding',
      'not-checked',
      'no-binding-expected',
      `you named nothing that ${toHex(reportData.subarray(0, 32))} should be`,
    )
  return isBoundTo(reportData, expected)
    ? check('binding', 'pass', 'bound', 'its workload had signed along what it should')
    : check('binding', 'fail', 'wrong-binding', 'its workload had something else signed along')
}
