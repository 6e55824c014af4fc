/**
 * The rule of each claim: from what was found to result, basis, reason and plain words. What stands here is all that
 * the first step can show; later steps add stronger bases beside these rules (docs/claims.md has the table).
 */
import type { SignedOutcome } from '../model/signed-model.ts'
import type { JsonObject } from '../shape.ts'
import { audited } from './audited.ts'
import type { Claim, ClaimName, Reason } from './claims.ts'
import type { Comparison, Disclosed, Opened } from './disclosed.ts'
import type { EvidenceOnRecord } from './evidenced.ts'
import type { CheckedRecord, ReceiptRecord } from './receipt-record.ts'
import type { Registered } from './registered.ts'
import { count } from './words.ts'

export interface Facts {
  record: ReceiptRecord
  disclosed: Disclosed
  compared: { request: Comparison; response: Comparison }
  /** What the registry says, where the reader has a copy; `false` where evidence that came along cannot be right. */
  registered?: Registered | false
  /** Of a record that names a signed model: what became of the signature file, where it came along. */
  signedModel?: SignedOutcome
  /** Of a record that names evidence. */
  evidence?: EvidenceOnRecord
}

export function recorded({ record, disclosed, compared }: Facts): Claim {
  const base = { claim: 'recorded' } as const
  if (record.outcome === 'stopped') {
    return {
      ...base,
      result: record.result,
      ...(record.result === 'fail' && { basis: 'signature' }),
      reason: record.reason,
      sentence: `${RECORD_STOPS[record.reason] ?? 'The record is not shown'}: ${record.detail}.`,
      notShown: 'Nothing in this receipt can be relied on until its record is shown.',
    }
  }
  for (const name of ['request', 'response'] as const) {
    const opened = disclosed[name]
    if (opened.state === 'wrong') return { ...base, ...failure(opened, `the ${name}`) }
    const { held, carried } = compared[name]
    if (held === 'different' || carried === 'different') {
      return {
        ...base,
        result: 'fail',
        basis: 'signature',
        reason: `${name}-mismatch`,
        sentence: `The ${name} that ${held === 'different' ? 'you hold' : 'came with the receipt'} is not the one that was recorded.`,
        notShown: 'Which side changed it.',
      }
    }
    if (held === 'not-disclosed' || carried === 'not-disclosed') {
      return {
        ...base,
        result: 'not-checked',
        reason: 'not-disclosed',
        sentence: `There is a ${name} to compare with, but this receipt does not open what was recorded of it.`,
        notShown: `Whether the ${name} is the one that was recorded.`,
      }
    }
  }
  return { ...base, result: 'pass', basis: 'signature', ...recordedWords(record, compared) }
}

const RECORD_STOPS: Partial<Record<Reason, string>> = {
  'unknown-log': 'Nobody you trust vouches for this log',
  'quorum-not-met': 'Too few witnesses have seen this record',
  'cosigned-in-future': 'Not witnessed by then',
  'cosigned-undated': 'Nothing shows that it was witnessed by then',
  'begin-missing': 'Half of the record is missing',
  'begin-mismatch': 'The two halves of the record do not belong together',
  'malformed-proof': 'The proof cannot be read',
  'bad-log-signature': 'The log did not sign this',
  'bad-cosignature': 'A witness did not sign this',
  'not-included': 'The log does not hold this statement',
  'malformed-statement': 'The statement cannot be read',
  'wrong-log': 'The proof is of another log',
  'key-revoked': 'A key no longer counts',
  'document-mismatch': 'A document that came along is not the one recorded',
  'registry-checkpoint-mismatch': 'The registry checkpoint that came along is not the one recorded',
}

const ONE_OF = {
  answer: '',
  begin: ' It is the beginning of a stream; this receipt holds no end of it.',
  end: '',
  interrupted: ' The stream was cut off; the record holds how far it got.',
}

function recordedWords(record: CheckedRecord, compared: Facts['compared']) {
  const { judged, statement, index, network, documents } = record
  const witnessed = judged.owners.length > 0
  const missing: string[] = []
  if (statement.event === 'begin') missing.push('what was answered, or how the stream ended')
  for (const name of statement.event === 'begin'
    ? (['request'] as const)
    : (['request', 'response'] as const)) {
    if (compared[name].held === 'not-given')
      missing.push(`that the ${name} is the one you hold (it was not given)`)
  }
  if (!documents.node || !documents.charter || !documents.terms)
    missing.push('what the documents that it names by digest say')
  if (record.until === undefined) missing.push('when it was recorded')
  missing.push('that the answer is right, or that this is all that the operator ever answered')
  return {
    reason: witnessed ? 'witnessed' : 'committed',
    sentence: `Entry ${index} of ${statement.log}, under the policy "${network.name}". ${witnessed ? colluders(record) : 'No witness is asked for: the operator alone could alter it.'}${ONE_OF[statement.event]}`,
    notShown: `It does not show ${missing.join('; nor ')}.`,
  } as const
}

/**
 * Who would have to collude to show this reader another history. A second quorum can be made up of the owners that did
 * not see this one; all others that it needs must break their word. Witnesses outside the quorum add nothing.
 */
function colluders({ judged: { owners, witnesses }, network: { policy } }: CheckedRecord): string {
  const seen = owners.filter(({ reached }) => reached).map(({ name }) => name)
  const by = witnesses.filter(({ owner }) => owner !== undefined && seen.includes(owner)).length
  const threshold = policy.groups.find(({ name }) => name === policy.quorum)?.threshold ?? 1
  const needed = seen.length + threshold - owners.length
  const cosigned = `${count(by, 'witness', 'witnesses')} of ${count(seen.length, 'owner', 'owners')} (${seen.join(', ')}) cosigned it.`
  if (needed < 1)
    return `${cosigned} None of them would have to collude with the operator to alter it: the policy asks for too few.`
  const who =
    needed === seen.length ? count(needed, 'owner', 'owners') : `${needed} of the ${seen.length} owners`
  // The receipt cannot tell whether the one owner is the operator; with more, at least one of them is not.
  const alone = needed === 1 ? ' Where that owner is the operator, the operator alone could.' : ''
  return `${cosigned} To alter it, the operator and ${who} would have to collude.${alone}`
}

export function output(facts: Facts): Claim {
  const { record, disclosed, registered } = facts
  // What was found of the record needs nothing of it opened.
  if (record.outcome !== 'stopped' && disclosed.sampling.state !== 'wrong' && registered) {
    const found = audited(registered)
    if (found !== undefined) return { claim: 'output', ...found }
  }
  return restsOn('output', 'sampling', facts, () => ({
    result: 'not-checked',
    reason: 'not-recomputed',
    sentence: 'Nobody has run this again. The record holds what that takes: request, model and sampling.',
    notShown: 'That this model gives this output for this input.',
  }))
}

export function quality({ record }: Facts): Claim {
  if (record.outcome === 'stopped') return notShownRecord('quality')
  return {
    claim: 'quality',
    result: 'not-checked',
    reason: 'no-evaluations',
    sentence: 'No evaluation of this model or outcome of this answer is known here.',
    notShown: 'Whether the answer is good, fair or useful.',
  }
}

export function notStated(sentence: string, notShown: string): Omit<Claim, 'claim'> {
  return { result: 'not-checked', reason: 'not-stated', sentence, notShown }
}

/** A claim that rests on one disclosure: it fails with an altered one, and says nothing without it. */
export function restsOn(
  claim: ClaimName,
  name: 'model' | 'sampling' | 'parties',
  { record, disclosed }: Facts,
  rule: (value: JsonObject) => Omit<Claim, 'claim'>,
): Claim {
  const opened = disclosed[name]
  if (opened.state === 'wrong') return { claim, ...failure(opened, WHAT[name]) }
  if (record.outcome === 'stopped') return notShownRecord(claim)
  if (opened.state === 'absent') {
    return {
      claim,
      result: 'not-checked',
      reason: 'not-disclosed',
      sentence: `This receipt does not open what was recorded of ${WHAT[name]}.`,
      notShown: `Anything about ${WHAT[name]}.`,
    }
  }
  return { claim, ...rule(opened.value) }
}

export const WHAT = { model: 'the model', sampling: 'the sampling', parties: 'the parties' }

export function failure(
  { reason, detail }: Extract<Opened, { state: 'wrong' }>,
  what: string,
): Omit<Claim, 'claim'> {
  const altered = reason === 'disclosure-altered'
  return {
    result: 'fail',
    basis: 'signature',
    reason,
    sentence: altered
      ? `What the receipt says of ${what} was altered: ${detail}.`
      : `What was recorded of ${what} cannot be read: ${detail}.`,
    notShown: altered ? 'Who altered it.' : `Anything about ${what}.`,
  }
}

/** Whether the log was shown to hold the record. */
export function isShownRecord(record: ReceiptRecord): record is CheckedRecord {
  return record.outcome === 'included'
}

export function notShownRecord(claim: ClaimName): Claim {
  return {
    claim,
    result: 'not-checked',
    reason: 'record-not-shown',
    sentence: 'The record is not shown, so nothing that it says is looked at.',
    notShown: 'Everything that this claim is about.',
  }
}

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
