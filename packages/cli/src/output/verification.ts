/** A verification for people, at 80 columns: claims, record, verdict. */
import { type AcceptancePolicy, CLAIMS, type Claim, type Verification } from '@answerable/core/receipt'
import { evidenceLines } from './evidence-on-record.ts'
import { opinionLines } from './opinions.ts'
import { bad, bold, dim, good, type Shown, shown } from './style.ts'
import { count, labelled, pad, plain, wrap } from './text.ts'
import { seconds, time } from './time.ts'

const NAME = 16
const RESULT = 13
const BASIS = 15

/** A pass on somebody's word alone shows what was said, and not that it is so. */
export function outcomeOf({ result, basis }: Claim): Shown {
  return result === 'pass' && basis === 'assertion' ? 'said' : result
}

export function verificationLines(verification: Verification, policyName: string): string[] {
  const { claims, record, opinions, evidence } = verification
  const lines = claimTable(claims)
  if (record !== undefined) lines.push('', bold('Record'), ...recordLines(record))
  if (evidence !== undefined && evidence.parts.length > 0)
    lines.push('', bold('Evidence'), ...evidenceLines(evidence))
  if (opinions !== undefined) lines.push('', ...opinionLines(opinions))
  return [...lines, '', ...verdictLines(verification, policyName)]
}

export function claimTable(claims: Verification['claims']): string[] {
  const lines = [dim(`  ${'claim'.padEnd(NAME)}${'result'.padEnd(RESULT)}${'basis'.padEnd(BASIS)}reason`)]
  let said = false
  for (const [i, name] of CLAIMS.entries()) {
    const claim = claims[name]
    // Claims that end for one reason stand together, with its sentence once below the last.
    const continues = i > 0 && claims[CLAIMS[i - 1]!].sentence === claim.sentence
    const continued = i + 1 < CLAIMS.length && claims[CLAIMS[i + 1]!].sentence === claim.sentence
    lines.push(...(continues ? [] : ['']), ...(continued ? [claimRow(claim)] : claimLines(claim)))
    said ||= outcomeOf(claim) === 'said'
  }
  if (said)
    lines.push('', ...wrap('said: on record as the word of the party named; nobody checked it.', 2).map(dim))
  return lines
}

function claimRow(claim: Claim): string {
  const { claim: name, basis = '-', reason } = claim
  return `  ${pad(bold(name), NAME)}${pad(shown(outcomeOf(claim)), RESULT)}${basis.padEnd(BASIS)}${reason}`
}

export function claimLines(claim: Claim): string[] {
  const { sentence, notShown } = claim
  return [
    claimRow(claim),
    ...wrap(plain(sentence), 4),
    ...wrap(`Not shown: ${lowerFirst(plain(notShown))}`, 4).map(dim),
  ]
}

/** The sentences read on after a colon, except where they begin with a name. */
function lowerFirst(text: string): string {
  return /^(It does not show )/.test(text)
    ? text.replace('It does not show ', '')
    : text.charAt(0).toLowerCase() + text.slice(1)
}

function recordLines(record: NonNullable<Verification['record']>): string[] {
  const { id, event, log, index, size, network, interval, owners } = record
  return [
    ...labelled('id', id),
    ...labelled('what', `${EVENT[event]} at ${time(record.time)} by the operator's clock`),
    ...labelled('log', plain(log)),
    ...labelled('index', `${index}, under a checkpoint of ${count(size, 'entry', 'entries')}`),
    ...labelled('network', plain(network)),
    ...witnessLines(record),
    ...(owners.length === 0 ? labelled('witnesses', 'none asked for') : []),
    ...labelled('as of', intervalWords(interval)),
  ]
}

const EVENT = {
  answer: 'an answer',
  begin: 'the beginning of a stream',
  end: 'a whole stream',
  interrupted: 'a stream that was cut off',
}

function witnessLines({ witnesses, owners }: NonNullable<Verification['record']>): string[] {
  const lines: string[] = []
  for (const { name: owner, reached } of owners) {
    const own = witnesses.filter(witness => witness.owner === owner)
    const list = own.map(({ name, time: at }) => `${plain(name)} (${seconds(at)})`).join(', ')
    const label = lines.length === 0 ? 'witnesses' : ''
    const words = `${plain(owner)}${reached ? '' : ', too few'}: ${list || 'none'}`
    lines.push(...labelled(label, words))
  }
  const outside = witnesses.filter(({ owner }) => owner === undefined).map(({ name }) => plain(name))
  if (outside.length > 0) lines.push(...labelled('', `outside the quorum: ${outside.join(', ')}`))
  return lines
}

/** The record came about between two cosignatures, where both are shown. */
function intervalWords({ from, until }: { from?: number; until?: number }): string {
  if (until === undefined) return 'not shown: no quorum states when it saw the record'
  if (from === undefined) return `no later than ${seconds(until)}; from when is not shown`
  return `between ${seconds(from)} and ${seconds(until)}`
}

export function verdictLines(
  { verdict: { met, unmet } }: Pick<Verification, 'verdict'>,
  policyName: string,
): string[] {
  const line = wrap(`${met ? 'Policy met' : 'Policy not met'}: ${policyName}.`)
  return [...line.map(met ? good : bad), ...unmet.flatMap(words => wrap(`- ${plain(words)}`, 2))]
}

/** The default policy by what it asks for, a file by its name as well. */
export function policyName({ require }: AcceptancePolicy, file?: string): string {
  const asked = Object.entries(require).map(([claim, basis]) => `${claim} on at least ${basis}`)
  return `${file === undefined ? 'the default' : plain(file)} (${asked.join(', ')})`
}
