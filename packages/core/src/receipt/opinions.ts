/**
 * What a receipt says of second opinions, and what the receipts that it links to make of that. No claim rests on it:
 * agreement of models is no evidence that any of them computed rightly, and none that the answer is right.
 */
import { compareAnswers } from '../opinions/agreement.ts'
import {
  type LinkedOpinion,
  type OpinionsOnRecord,
  opinionsIn,
  settle,
  tally,
} from '../opinions/on-record.ts'
import type { Suite } from '../suite.ts'
import type { Disclosed } from './disclosed.ts'
import type { Receipt } from './receipt.ts'
import { detailOf, quoted } from './words.ts'

/**
 * A linked receipt: `not-given`; `shown` where a trusted log holds the very statement that is named; `not-shown` where no
 * trusted log was shown to; `contradicts` where what it holds is not what the route says of it.
 */
export interface OpinionLink {
  id: string
  state: 'not-given' | 'shown' | 'not-shown' | 'contradicts'
  /** Why, in plain words, where it is one of the last two. */
  detail?: string
}

export interface FoundOpinions {
  /** As the record has them; absent where it has them in a form that cannot be read. */
  record?: OpinionsOnRecord
  /** Each asked, in their order. */
  links: OpinionLink[]
  /** Whether what the record says contradicts itself, or the linked receipts that were given. */
  contradicted: boolean
  sentence: string
  notShown: string
}

/** What is known of a linked receipt: its recorded response, where that came along, or why its record is not shown. */
export interface LinkedReceipt {
  response?: Uint8Array
  detail?: string
}

interface Given {
  disclosed: Disclosed
  linked: readonly Receipt[]
  check(receipt: Receipt): LinkedReceipt
  suite: Suite
}

export const NOT_SHOWN_BY_AGREEMENT =
  'That the answer is right: models share data, methods and mistakes, so their agreement raises no claim, and a dissent does not say who is wrong.'

/** Undefined where the record names none, or does not open its model. */
export function findOpinions(given: Given): FoundOpinions | undefined {
  const { model } = given.disclosed
  if (model.state !== 'opened') return undefined
  let record: OpinionsOnRecord | undefined
  try {
    record = opinionsIn(model.value)
  } catch {
    return {
      links: [],
      contradicted: false,
      sentence: 'The record names second opinions in a form that cannot be read here.',
      notShown: 'Who was asked, and what they said.',
    }
  }
  if (record === undefined) return undefined
  const links = linksOf(record, given)
  const own = contradictionOf(record)
  const against = links.filter(({ state }) => state === 'contradicts')
  const contradicted = own !== undefined || against.length > 0
  return {
    record,
    links,
    contradicted,
    sentence: [summary(record), policyWords(record), own, ...against.map(({ detail }) => detail)]
      .filter(part => part !== undefined)
      .join(' '),
    notShown: notShown(record, links),
  }
}

function linksOf(record: OpinionsOnRecord, { linked, check, suite, disclosed }: Given): OpinionLink[] {
  const found = record.asked.map(({ statement }) => {
    const receipt = linked.find(one => suite.sha256Hex(one.statement) === statement)
    return receipt && check(receipt)
  })
  const first = found[0]?.response
  return record.asked.map((opinion, i) => {
    const { id } = opinion
    const receipt = found[i]
    if (receipt === undefined) return { id, state: 'not-given' }
    if (receipt.detail !== undefined) return { id, state: 'not-shown', detail: receipt.detail }
    const said =
      i === 0
        ? sentOn(record, receipt.response, disclosed, suite)
        : comparedAgain(record, opinion, first, receipt.response)
    return said === undefined ? { id, state: 'shown' } : { id, state: 'contradicts', detail: said }
  })
}

/** What goes out is what the first said, unless the route refuses. */
function sentOn(
  { outcome }: OpinionsOnRecord,
  response: Uint8Array | undefined,
  { response: own }: Disclosed,
  suite: Suite,
): string | undefined {
  if (response === undefined || own.state !== 'opened' || outcome === 'refused') return undefined
  if (own.value.sha256 === suite.sha256Hex(response)) return undefined
  return 'What went out is not what the first one said by its own receipt.'
}

function comparedAgain(
  { rule }: OpinionsOnRecord,
  opinion: LinkedOpinion,
  first: Uint8Array | undefined,
  response: Uint8Array | undefined,
): string | undefined {
  if (first === undefined || response === undefined || opinion.outcome === 'abstains') return undefined
  const likeness = compareAnswers(rule, first, response)
  if (likeness === (opinion.outcome === 'agrees' ? 'same' : 'different')) return undefined
  return `The record says that ${nameOf(opinion)} ${opinion.outcome}, and by the same rule the two linked answers are ${likeness === 'not-comparable' ? 'not comparable' : likeness}.`
}

/** A record whose outcome does not follow from what it says of each opinion. */
function contradictionOf({ asked, outcome, ...policy }: OpinionsOnRecord): string | undefined {
  if (outcome === 'no-answer') return undefined
  const due = settle(
    asked.map(one => one.outcome),
    policy,
  )
  return due === outcome ? undefined : `By the route’s own policy it is to be ${due}, and was ${outcome}.`
}

/** `2 of 3 agree; "credit-int8" dissents`. */
function summary({ asked }: OpinionsOnRecord): string {
  const { agree, asked: all } = tally(asked.map(({ outcome }) => outcome))
  const of = (outcome: LinkedOpinion['outcome'], verb: string) => {
    const list = asked.filter(one => one.outcome === outcome)
    if (list.length === 0) return []
    const names = list.map(one => nameOf(one) + (one.reason === undefined ? '' : ` (${one.reason})`))
    return [`; ${names.join(', ')} ${verb}${list.length === 1 ? 's' : ''}`]
  }
  return `${agree} of ${all} agree${[...of('dissents', 'dissent'), ...of('abstains', 'abstain')].join('')}.`
}

function policyWords({ outcome, least, decides }: OpinionsOnRecord): string {
  const asks = `The route asks for ${least} that agree`
  if (outcome === 'agreed') return `${asks}.`
  if (outcome === 'no-answer') return 'The first gave no answer, so there was nothing to agree with.'
  if (outcome === 'attached') return `${asks}; the answer went out with the dissent attached.`
  if (outcome === 'refused') return `${asks}; so no answer went out.`
  return `${asks}; the answer went out pending a person’s decision, which is ${quoted(decides) ?? 'nobody named'}’s.`
}

function nameOf({ model, operator }: LinkedOpinion): string {
  const name = quoted(model) ?? 'one without a name'
  return operator === undefined ? name : `${name} at ${quoted(operator)}`
}

function notShown({ asked }: OpinionsOnRecord, links: readonly OpinionLink[]): string {
  const parts = [NOT_SHOWN_BY_AGREEMENT]
  const missing = links.filter(({ state }) => state === 'not-given').length
  if (missing > 0)
    parts.push(
      `That they said so: ${missing === links.length ? 'none' : `only ${links.length - missing}`} of the ${links.length} linked receipts ${links.length - missing === 1 ? 'is' : 'are'} here.`,
    )
  for (const { id, state, detail } of links)
    if (state === 'not-shown') parts.push(`That the record ${id} exists: ${detailOf(detail ?? '')}.`)
  const theirs = asked.filter(({ receipt }) => receipt?.check === 'unchecked')
  if (theirs.length > 0)
    parts.push(
      `That ${theirs.map(nameOf).join(', ')} ${theirs.length === 1 ? 'has' : 'have'} a receipt that holds: nobody checked it.`,
    )
  return parts.join(' ')
}
