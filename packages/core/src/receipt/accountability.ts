/** The claim `accountability`: who answers for a record, and on whose word. */
import type { LogRecord } from '../registry/records.ts'
import type { JsonObject } from '../shape.ts'
import { type Facts, failure, isShownRecord, notShownRecord, WHAT } from './claim-rules.ts'
import type { Claim } from './claims.ts'
import type { Registered } from './registered.ts'
import { quoted } from './words.ts'

export function accountability(facts: Facts): Claim {
  const { record, disclosed, registered } = facts
  const { parties } = disclosed
  if (parties.state === 'wrong') return { claim: 'accountability', ...failure(parties, WHAT.parties) }
  if (!isShownRecord(record)) return notShownRecord('accountability')
  const value = parties.state === 'opened' ? parties.value : undefined
  if (registered === false) {
    return {
      claim: 'accountability',
      result: 'fail',
      basis: 'signature',
      reason: 'registry-evidence-mismatch',
      sentence:
        'What came along of the registry is not what validators signed, or does not fit its own proofs.',
      notShown: 'Who answers for this, and who altered it.',
    }
  }
  if (registered !== undefined) return { claim: 'accountability', ...ofRegistered(registered, value) }
  if (value === undefined) {
    return {
      claim: 'accountability',
      result: 'not-checked',
      reason: 'not-disclosed',
      sentence: `This receipt does not open what was recorded of ${WHAT.parties}.`,
      notShown: `Anything about ${WHAT.parties}.`,
    }
  }
  const operator = quoted(value.operator)
  if (operator === undefined) {
    return {
      claim: 'accountability',
      result: 'not-checked',
      reason: 'not-stated',
      sentence: 'The record opens, and names no operator.',
      notShown: 'Who answers for this.',
    }
  }
  return {
    claim: 'accountability',
    result: 'pass',
    basis: 'assertion',
    reason: 'parties-asserted',
    sentence: `On record as answering for this: operator ${operator}, ${othersOf(value)}.`,
    notShown: 'That these parties exist, agreed to this, or can pay; whether anyone contests the answer.',
  }
}

const NOT_SHOWN =
  'That the member is who its name says beyond those who admitted it, or can pay; whether anyone contests the answer.'

function ofRegistered(
  { member, network, description, standing, log }: Registered,
  value: JsonObject | undefined,
): Omit<Claim, 'claim'> {
  const who = `${quoted(member.name)} (${member.id}, ${member.jurisdiction}, owner group ${member.ownerGroup})`
  const others = value === undefined ? '' : ` It named ${othersOf(value)}.`
  const inDefault = defaultOf(log, standing)
  if (inDefault !== undefined)
    return {
      result: 'pass',
      basis: 'signature',
      reason: 'operator-in-default',
      sentence: `${who} answers for this; and in the registry of ${quoted(network)} ${inDefault}.${others}`,
      notShown: NOT_SHOWN,
    }
  if (description !== 'stated')
    return {
      result: 'pass',
      basis: 'signature',
      reason: 'node-not-registered',
      sentence: `${who} is registered in ${quoted(network)} for the log that holds this, ${
        description === 'stated-later'
          ? 'and described the node only after the record was made'
          : 'and never stated the description of the node that the record names'
      }.${others}`,
      notShown: `Which node of it this was. ${NOT_SHOWN}`,
    }
  return {
    result: 'pass',
    basis: 'signature',
    reason: standing === 'active' ? 'operator-registered' : 'operator-left',
    sentence: `${who} answers for this: it stated the log and the node under its own key in the registry of ${quoted(network)}${
      standing === 'active' ? '' : ', and has left since'
    }.${others}`,
    notShown: NOT_SHOWN,
  }
}

/** What the registry holds against the operator of a log. */
function defaultOf(log: LogRecord, standing: Registered['standing']): string | undefined {
  if (log.forked !== null) return 'it is on record as having shown two histories of this log'
  if (log.lost !== undefined) return 'it lost a dispute about a record of this log'
  if (log.silent !== null) return 'it met a challenge about this log with silence'
  return standing === 'suspended' ? 'it is suspended' : undefined
}

function othersOf(value: JsonObject): string {
  return `deployer ${quoted(value.deployer) ?? 'not named'}; declared use: ${quoted(value.declaredUse) ?? 'none'}`
}
