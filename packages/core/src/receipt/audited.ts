/**
 * What auditors found of a record, and what that does to its claims. An auditor is not believed because it audits: where
 * two find differently, or the operator contests it, the claim says so until a dispute is decided; and what the operator
 * or its own owner computed again is its word, not a recomputation by another.
 */
import type { Dispute, Finding, Member } from '../registry/records.ts'
import type { Claim } from './claims.ts'
import type { Registered, RegistryView } from './registered.ts'
import { count, quoted } from './words.ts'

export interface Audited {
  finding: Finding
  auditor: Member
  /** Of another owner group than the operator. */
  independent: boolean
  dispute: Dispute | undefined
  /** Whether anybody who judged the dispute was of another owner group than the operator. */
  judgedByOthers: boolean
}

/** What a registry holds of one entry of a log; findings of another statement at its index are of no record. */
export function auditsOf(
  registry: RegistryView,
  { log, index, entry }: { log: string; index: number; entry: string },
  operator: Member,
): Audited[] {
  const audits: Audited[] = []
  for (const finding of registry.findingsOf(log, index)) {
    const auditor = registry.members.get(finding.auditor)
    if (finding.entry !== entry || auditor === undefined) continue
    if (agrees(finding) && !isByOwnKey(finding, registry)) continue
    const dispute = finding.dispute === null ? undefined : registry.disputes.get(finding.dispute)
    audits.push({
      finding,
      auditor,
      independent: auditor.ownerGroup !== operator.ownerGroup,
      dispute,
      judgedByOthers: (dispute?.votes ?? []).some(({ member }) => {
        const group = registry.members.get(member)?.ownerGroup
        return group !== undefined && group !== operator.ownerGroup
      }),
    })
  }
  return audits
}

/**
 * Whether the key that signed a finding had not been given up as of then: what a thief says is nobody's word. Only of words
 * in the record's favour: an auditor must not take back what it found by giving up a key.
 */
function isByOwnKey({ key, stated }: Finding, { keys }: RegistryView): boolean {
  const found = keys.get(key)
  return found !== undefined && (found.revoked === null || found.revoked.since > stated.time)
}

type Found = Omit<Claim, 'claim'>
export type Audits = Pick<Registered, 'audits' | 'partial'>

const LEFT_OUT = ' That nobody found otherwise: only the findings that came with the receipt were looked at.'

/** What audits make of the claim `output`; undefined where there is none that says anything. */
export function audited({ audits, partial }: Audits): Found | undefined {
  const lost = audits.find(one => wasWrong(one, 'defender'))
  if (lost !== undefined) return decidedAgainst(lost)
  const against = audits.filter(one => one.finding.outcome === 'inconsistent' && !wasWrong(one, 'challenger'))
  const agreeing = audits.filter(({ finding }) => agrees(finding))
  if (against.length > 0) return contested(against, agreeing)
  const others = agreeing.filter(one => one.independent)
  const [first] = agreeing
  if (first === undefined) return undefined
  const refuted = new Set(audits.filter(one => wasWrong(one, 'challenger')).map(one => one.auditor.id)).size
  const lostBy =
    refuted === 0
      ? ''
      : ` ${count(refuted, 'auditor', 'auditors')} found otherwise, and lost the dispute about it.`
  const exact = (others.length > 0 ? others : agreeing).every(({ finding }) => finding.outcome === 'exact')
  const how = exact ? 'and got the same to the bit' : 'and got the same within a stated bound'
  if (others.length === 0)
    return {
      result: 'pass',
      basis: 'assertion',
      reason: 'recomputed-by-operator',
      sentence: `${names(agreeing)} ran this again ${how}, and has the same owner as the operator.${lostBy}`,
      notShown: 'That anyone but the operator’s owner says so. That the output is good.',
    }
  return {
    result: 'pass',
    basis: 'recomputation',
    reason: exact ? 'recomputed-exact' : 'recomputed-consistent',
    sentence: `${names(others)} ran the recorded model on the recorded input again ${how}.${lostBy}`,
    notShown: `That the ${others.length === 1 ? 'auditor did' : 'auditors did'} run it, which is ${others.length === 1 ? 'its' : 'their'} word, and ${others.length === 1 ? 'does' : 'do'} not work with the operator, beyond having another owner; that the output is good.${partial ? LEFT_OUT : ''}`,
  }
}

/** The same for the claim `model`, given what it says without audits. */
export function auditedModel(base: Found, known: Audits, file: string | undefined): Found {
  if (base.result === 'fail') return base
  const { audits, partial } = known
  const lost = audits.find(one => wasWrong(one, 'defender'))
  if (lost !== undefined) return decidedAgainst(lost)
  // Nothing that was computed again says more of the weights than hardware that measured them.
  if (base.basis === 'hardware') return base
  const found = audited(known)
  if (found?.basis !== 'recomputation' || found.result !== 'pass') return base
  const by = audits.filter(
    ({ finding, independent }) =>
      independent && agrees(finding) && finding.model !== null && finding.model === file,
  )
  if (by.length === 0) return base
  return {
    result: 'pass',
    basis: 'recomputation',
    reason: 'recomputed-model',
    sentence: `${base.sentence} ${names(by)} ran the file ${file!.slice(0, 16)}… on the recorded input again, and got the recorded answer.`,
    notShown: `That it was run, beyond the word of who says so. That no other model gives this answer too: small changes of a model change few answers. That the model is good, or fit for this use.${partial ? LEFT_OUT : ''}`,
  }
}

function agrees({ outcome }: Finding): boolean {
  return outcome === 'exact' || outcome === 'consistent'
}

function wasWrong({ dispute, judgedByOthers }: Audited, side: 'challenger' | 'defender'): boolean {
  if (dispute?.status !== 'decided') return false
  // Where all who judged are of the operator's owner, that they are for it settles nothing.
  if (side === 'challenger' && !judgedByOthers && dispute.game?.end?.kind !== 'silence') return false
  return dispute.wrong === side || dispute.wrong === 'both'
}

function decidedAgainst({ auditor, dispute }: Audited): Found {
  const silent = dispute!.game?.end?.kind === 'silence'
  const how = silent
    ? 'the operator met the dispute with silence'
    : `${count(dispute!.votes.filter(({ wrong }) => wrong === dispute!.wrong).length, 'drawn validator', 'drawn validators')} computed it anew`
  const both = dispute!.wrong === 'both' ? ' The auditor was found wrong as well.' : ''
  return {
    result: 'fail',
    basis: 'recomputation',
    reason: 'recomputed-otherwise',
    sentence: `${named(auditor)} found that the recorded model does not give this answer, and a dispute decided against the operator: ${how}.${both}`,
    notShown: 'What gave this answer, and why.',
  }
}

function contested(against: readonly Audited[], agreeing: readonly Audited[]): Found {
  const standing = against.some(({ dispute }) => dispute?.status === 'moves' || dispute?.status === 'panel')
    ? 'a dispute about it is open'
    : against.some(({ dispute }) => dispute?.wrong === 'challenger')
      ? 'those who judged the dispute about it have the operator’s owner'
      : against.some(({ dispute }) => dispute !== undefined)
        ? 'a dispute about it ended undecided'
        : against.some(({ finding }) => finding.dispute !== null)
          ? 'how the dispute about it stands is not known here'
          : 'no dispute was brought about it'
  const others = agreeing.length === 0 ? '' : ` ${names(agreeing)} got the same.`
  return {
    result: 'not-checked',
    reason: 'recomputation-contested',
    sentence: `${names(against)} ran this again and got something else; ${standing}.${others}`,
    notShown: 'Who is right: it is contested, and nobody’s word settles it.',
  }
}

function names(audits: readonly Audited[]): string {
  const all = [...new Set(audits.map(({ auditor }) => named(auditor)))]
  return all.length <= 3 ? all.join(', ') : `${all.slice(0, 3).join(', ')} and ${all.length - 3} more`
}

function named({ id, name }: Member): string {
  return `${quoted(name)} (${id})`
}
