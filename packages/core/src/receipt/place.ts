/** The rule of the claim `place`, and what the same evidence does for the claim `model`. */
import {
  type AppraisedItem,
  type Check,
  type CheckName,
  DEVICE_FORMATS,
  type DocumentAppraisal,
} from '../evidence/index.ts'
import { shownTime } from '../time.ts'
import { type Facts, isObject, notShownRecord } from './claim-rules.ts'
import type { Claim } from './claims.ts'
import type { EvidenceOnRecord } from './evidenced.ts'
import { type Approval, standingApprovals } from './known-evidence.ts'
import { count, quoted } from './words.ts'

type Found = Omit<Claim, 'claim'>

const IMAGE = 'What software ran there, and so what it did.'
/** Failures that are not judged among the first: of time, of devices, and whose image it is. */
const SOFT: readonly CheckName[] = ['validity', 'devices', 'measurement']

const LATER: readonly CheckName[] = ['measurement', 'provenance']

const WHERE = 'Where this ran, and who could have watched or changed it there.'

const LEFT_OUT =
  ' That nobody took back what was approved: only the registry’s records that came with the receipt were looked at.'

export function place({ record, evidence, registered }: Facts): Claim {
  if (record.outcome === 'stopped') return notShownRecord('place')
  if (evidence === undefined)
    return { claim: 'place', ...open('no-evidence', 'The record names no hardware evidence.') }
  const found = placeOf(evidence)
  const leftOut = found.result === 'pass' && registered && registered.partial ? LEFT_OUT : ''
  return { claim: 'place', ...found, notShown: `${found.notShown}${leftOut}` }
}

function placeOf(evidence: EvidenceOnRecord): Found {
  if (evidence.state === 'missing')
    return open(
      'evidence-missing',
      'The record names hardware evidence by digest, and it did not come along.',
    )
  if (evidence.state === 'undated')
    return open(
      'evidence-undated',
      'There is evidence, and it does not show from when to when the record was made: nothing shows that it held then.',
    )
  const { error } = evidence
  if (error !== undefined) {
    const unknown = error.code === 'unknown-format' || error.code === 'unknown-version'
    return unknown
      ? open('evidence-not-checked', `This software cannot check the evidence: ${error.detail}.`)
      : wrong('evidence-rejected', `The evidence cannot be read: ${error.detail} (${error.code}).`)
  }
  for (const appraisal of evidence.appraisals) {
    const found = rejected(appraisal)
    if (found !== undefined) return found
  }
  for (const appraisal of evidence.appraisals) {
    const found = lacking(appraisal)
    if (found !== undefined) return found
  }
  return measured(evidence)
}

/** What is wrong with it, time left aside: evidence of another time is no lie. */
function rejected({ machine, checks, time }: DocumentAppraisal): Found | undefined {
  const at = `As of ${shownTime(time)}`
  const failed = [...checks, ...failuresOf(machine)].filter(one => one.outcome === 'fail')
  const hard = failed.filter(({ check }) => !SOFT.includes(check))
  const devices = failed.find(one => one.check === 'devices')
  const unbound = hard.find(one => one.check === 'binding')
  if (devices !== undefined && DEVICE_FORMATS.includes(machine.format))
    return wrong('device-not-bound', `There is ${devices.detail}.`)
  if (unbound !== undefined)
    return wrong(
      'evidence-not-bound',
      `The evidence is not bound to the log that this record is in: ${unbound.detail}.`,
    )
  const [first] = hard
  if (first !== undefined)
    return wrong(
      'evidence-rejected',
      `${at}, the evidence is not to be relied on: ${first.detail} (${first.reason}).`,
    )
  if (devices === undefined) return undefined
  const reason = devices.reason === 'device-not-bound' ? 'device-not-bound' : 'evidence-rejected'
  return wrong(
    reason,
    `${at}, what is said of devices is not to be relied on: ${devices.detail} (${devices.reason}).`,
  )
}

/** Failures that the policy does not put up with. */
function failuresOf({ appraisal }: AppraisedItem): Check[] {
  if (appraisal === undefined) return []
  return appraisal.checks.filter(
    ({ check, outcome }) => outcome === 'fail' && appraisal.verdict.checks.includes(check),
  )
}

/** Whose image the machine's is and where it came from is judged after this; of a device nothing is. */
function lacking({ machine, devices, verdict, time }: DocumentAppraisal): Found | undefined {
  const missing = machine.appraisal?.verdict.checks.filter(check => !LATER.includes(check))
  if (missing?.length === 0 && devices.every(one => one.appraisal?.verdict.met === true)) return undefined
  const late = machine.appraisal?.checks.find(one => one.check === 'validity' && one.outcome === 'fail')
  if (late !== undefined)
    return open(
      'evidence-out-of-time',
      `The evidence does not reach over the time of this record, ${shownTime(time)}: ${late.detail} (${late.reason}).`,
    )
  return open(
    'evidence-incomplete',
    `Not all that it takes to check the evidence is here: ${verdict.unmet.join('; ')}.`,
  )
}

/** All checks of the hardware passed: now whose image it is. */
function measured(evidence: EvidenceOnRecord): Found {
  const last = evidence.appraisals.at(-1)!
  const { platform, measurements, checks, verdict } = last.machine.appraisal!
  const { standing, revoked } = standingApprovals(evidence.approvals, last.time)
  const other = checks.find(({ check, outcome }) => check === 'measurement' && outcome === 'fail')
  const asked = verdict.checks.includes('provenance')
  const approval =
    other === undefined ? standing.find(one => one.independent && cameFrom(one, asked)) : undefined
  const what = `${platform}, ${mainMeasurement(measurements)}`
  if (other !== undefined)
    return wrong(
      'measurement-not-approved',
      `It ran on ${what}, bound to this log, and ${other.detail}.`,
      IMAGE,
    )
  if (approval === undefined) {
    const [gone] = revoked
    if (gone !== undefined)
      return wrong(
        'measurement-revoked',
        `It ran on ${what}. ${gone.revoked!.quorum ? 'A quorum of validators' : nameOf(gone)} revoked the approval of that image as of ${shownTime(gone.revoked!.since)}: ${quoted(gone.revoked!.reason) ?? 'no reason given'}.`,
      )
    const doubted = standing.find(one => one.independent)
    if (doubted !== undefined)
      return open(
        'measurement-not-approved',
        `It ran on ${what}, bound to this log. ${nameOf(doubted)} approved it as ${quoted(doubted.reference.image)}, and where that came from is not shown: ${doubted.provenance?.detail ?? 'the approval names nothing that says so'}.`,
        IMAGE,
      )
    const own = standing.length === 0 ? 'Nobody whom you trust' : 'Nobody but the operator’s own owner'
    return open(
      'measurement-not-approved',
      `It ran on ${what}, bound to this log. ${own} says which image that is.`,
      IMAGE,
    )
  }
  const { reference, since, provenance } = approval
  const origin = provenance?.outcome === 'pass' ? ` Where it came from: ${provenance.detail}.` : ''
  const devices =
    last.devices.length === 0 ? '' : ` ${count(last.devices.length, 'device', 'devices')} bound to it.`
  const dissent =
    evidence.dissent.length === 0
      ? ''
      : ` Contested: ${evidence.dissent.map(({ by, reasons }) => `${quoted(by.name)} (${by.id}) finds otherwise${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`).join('; ')}.`
  const taken =
    revoked.length === 0
      ? ''
      : ` ${[...new Set(revoked.map(nameOf))].join(', ')} took back an approval of the same image.`
  const late = since !== undefined && since.time > last.time ? ', which is after this record' : ''
  return {
    result: 'pass',
    basis: 'hardware',
    reason: 'hardware-attested',
    sentence: `It ran on ${what}: ${quoted(reference.image)}, a ${reference.role === 'gateway' ? 'gateway' : 'model server'}, approved by ${nameOf(approval)}${since === undefined ? '' : ` since ${shownTime(since.time)}${late}`}. The platform signed the key of the log that this record is in, and that held from ${shownTime(evidence.appraisals[0]!.time)} until ${shownTime(last.time)}.${origin}${devices}${taken}${dissent}`,
    notShown: `${reference.role === 'gateway' ? 'Anything of the model behind it: this image forwards. ' : ''}${provenance === undefined || provenance.outcome === 'pass' ? '' : 'Where the image came from. '}What the image does beyond what its approver looked at; that nobody broke this hardware, or holds its vendor’s keys; in which building it stands.`,
  }
}

/** Whether an approval's image came from where it says, as far as anybody asks. */
function cameFrom({ provenance }: Approval, asked: boolean): boolean {
  return asked ? provenance?.outcome === 'pass' : provenance?.outcome !== 'fail'
}

function nameOf({ by }: Approval): string {
  return by === undefined ? 'your own policy' : `${quoted(by.name)} (${by.id})`
}

/** What of many measurements says most: the first. */
function mainMeasurement(measurements: Readonly<Record<string, string>>): string {
  const [first] = Object.entries(measurements)
  if (first === undefined) return 'no measurement'
  const [name, value] = first
  return `${name === 'measurement' ? '' : 'measurement '}${name} ${value.slice(0, 16)}…`
}

/**
 * What measured weights make of the claim `model`: an image that answers from these weights alone, or from others than the
 * record says. Undefined where the evidence says nothing of weights.
 */
export function measuredWeights(
  { evidence }: Pick<Facts, 'evidence'>,
  model: { signed?: unknown },
): Found | undefined {
  if (evidence === undefined || placeOf(evidence).result !== 'pass') return undefined
  const { standing } = standingApprovals(evidence.approvals, evidence.appraisals.at(-1)!.time)
  const words = standing.filter(one => one.independent && cameFrom(one, false))
  const own = words.filter(one => one.by === undefined)
  const approval = (own.length === 0 ? words : own).find(one => one.reference.weights !== undefined)
  const weights = approval?.reference.weights
  const manifest = isObject(model.signed) ? model.signed.manifest : undefined
  if (approval === undefined || weights === undefined || typeof manifest !== 'string') return undefined
  // Anyone may say anything of anybody's image: where members differ, nothing follows, and nobody is a liar by it.
  const others = own.length === 0 ? words : []
  const differ = others.some(({ reference: { role, weights: named } }) =>
    named === undefined
      ? role === 'gateway' || weights.manifest !== manifest
      : named.manifest !== weights.manifest,
  )
  if (differ) return undefined
  const how = weights.by === 'dm-verity' ? 'as a dm-verity root' : 'by the digest of their manifest'
  if (weights.manifest !== manifest)
    return wrong(
      'weights-mismatch',
      `The image that ran answers from the manifest ${weights.manifest.slice(0, 16)}… alone (${nameOf(approval)}), and the record names ${manifest.slice(0, 16)}….`,
      'Which of the two answered.',
    )
  return {
    result: 'pass',
    basis: 'hardware',
    reason: 'measured-weights',
    sentence: `The image that ran has the manifest ${manifest.slice(0, 16)}… in its measurement, ${how}, and answers from these weights alone, says ${nameOf(approval)}.`,
    notShown:
      'That this answer is what these weights give: that takes running it again. That the model is good, or fit for this use.',
  }
}

function open(
  reason: Extract<
    Claim['reason'],
    | 'no-evidence'
    | 'evidence-missing'
    | 'evidence-undated'
    | 'evidence-not-checked'
    | 'evidence-out-of-time'
    | 'evidence-incomplete'
    | 'measurement-not-approved'
  >,
  sentence: string,
  notShown = WHERE,
): Found {
  return { result: 'not-checked', reason, sentence, notShown }
}

function wrong(reason: Claim['reason'], sentence: string, notShown = WHERE): Found {
  return { result: 'fail', basis: 'hardware', reason, sentence, notShown }
}
