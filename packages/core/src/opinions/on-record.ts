/**
 * Second opinions as a record has them: the answer of a route names, in its model disclosure, every model that was asked,
 * by the id and digest of the record of what that one said, and what became of it. Each of those is an inference with
 * a receipt of its own.
 */
import { concat, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { JsonObject } from '../shape.ts'
import { Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { type AgreementRule, parseRule } from './agreement.ts'

export const MOST_OPINIONS = 8

/** `answers`: the first, which the others are compared with, and whose answer goes out. */
export const OPINION_OUTCOMES = ['answers', 'agrees', 'dissents', 'abstains'] as const
export type OpinionOutcome = (typeof OPINION_OUTCOMES)[number]

/** Why one abstains. */
export const ABSTENTIONS = [
  'timeout',
  'refused',
  'failed',
  'cancelled',
  'not-comparable',
  'no-receipt',
  'receipt-rejected',
  'first-failed',
] as const
export type Abstention = (typeof ABSTENTIONS)[number]

/** What a route does where too few agree. */
export const DISSENT_POLICIES = ['attach', 'escalate', 'refuse'] as const
export type DissentPolicy = (typeof DISSENT_POLICIES)[number]

/** `no-answer`: the first gave none, so there was nothing to agree with. */
export const ROUTE_OUTCOMES = ['agreed', 'attached', 'escalated', 'refused', 'no-answer'] as const
export type RouteOutcome = (typeof ROUTE_OUTCOMES)[number]

/** `unchecked`: nobody looked at the receipt. `recorded`: the gateway checked it against the trust it was given. */
export const RECEIPT_CHECKS = ['unchecked', 'recorded'] as const
export type ReceiptCheck = (typeof RECEIPT_CHECKS)[number]

/** Another operator's own receipt of what it was asked. */
export interface TheirReceipt {
  id: string
  url: string
  check: ReceiptCheck
  /** SHA-256 of its statement, where the gateway fetched it. */
  statement?: string
}

export interface LinkedOpinion {
  /** Of its record, in the same log as the route's. */
  id: string
  /** SHA-256 of that record's statement; of its last, where it has two. */
  statement: string
  model: string
  /** The address of the operator that was asked, where it is another one. */
  operator?: string
  outcome: OpinionOutcome
  reason?: Abstention
  receipt?: TheirReceipt
}

export interface OpinionsOnRecord {
  route: string
  rule: AgreementRule
  /** How many must agree, the first among them. */
  least: number
  onDissent: DissentPolicy
  outcome: RouteOutcome
  /** Who decides, where it was escalated: a role or contact that the deployer named. */
  decides?: string
  /** The first stands first. */
  asked: LinkedOpinion[]
}

export interface Tally {
  asked: number
  /** With the first. */
  agree: number
  dissent: number
  abstain: number
}

export function tally(outcomes: readonly OpinionOutcome[]): Tally {
  const count = (outcome: OpinionOutcome) => outcomes.filter(one => one === outcome).length
  return {
    asked: outcomes.length,
    agree: count('answers') + count('agrees'),
    dissent: count('dissents'),
    abstain: count('abstains'),
  }
}

/** What a route's policy makes of its opinions, where the first answered. */
export function settle(
  outcomes: readonly OpinionOutcome[],
  { least, onDissent }: Pick<OpinionsOnRecord, 'least' | 'onDissent'>,
): RouteOutcome {
  if (tally(outcomes).agree >= least) return 'agreed'
  return onDissent === 'attach' ? 'attached' : onDissent === 'escalate' ? 'escalated' : 'refused'
}

const shape = new Shape('bad-disclosure')
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The opinions that a model disclosure names, if it names any. Throws `bad-disclosure`. */
export function opinionsIn({ opinions }: JsonObject): OpinionsOnRecord | undefined {
  if (opinions === undefined) return undefined
  const fields = shape.object(opinions, 'opinions')
  const { route, rule, least, onDissent, outcome, decides } = fields
  const asked = shape.array(fields.asked, 'asked', MOST_OPINIONS).map(parseOpinion)
  if (asked.length < 2 || asked.some((one, i) => (one.outcome === 'answers') !== (i === 0)))
    shape.fail('asked', 'one that answers, and then those that it is compared with')
  return {
    route: shape.string(route, 'route', 256),
    rule: parseRule(rule, 'rule'),
    least: shape.count(least, 'least'),
    onDissent: shape.literal(onDissent, 'onDissent', DISSENT_POLICIES),
    outcome: shape.literal(outcome, 'outcome', ROUTE_OUTCOMES),
    ...(decides !== undefined && { decides: shape.string(decides, 'decides', 256) }),
    asked,
  }
}

function parseOpinion(value: unknown, i: number): LinkedOpinion {
  const where = `asked[${i}]`
  const { id, statement, model, operator, outcome, reason, receipt } = shape.object(value, where)
  return {
    id: shape.string(id, `${where}.id`, 36, UUID_V7, 'a UUIDv7'),
    statement: shape.digest(statement, `${where}.statement`),
    model: shape.string(model, `${where}.model`, 256),
    ...(operator !== undefined && { operator: shape.string(operator, `${where}.operator`, 2048) }),
    outcome: shape.literal(outcome, `${where}.outcome`, OPINION_OUTCOMES),
    ...(reason !== undefined && { reason: shape.literal(reason, `${where}.reason`, ABSTENTIONS) }),
    ...(receipt !== undefined && { receipt: parseTheirs(receipt, `${where}.receipt`) }),
  }
}

function parseTheirs(value: unknown, where: string): TheirReceipt {
  const { id, url, check, statement } = shape.object(value, where)
  return {
    id: shape.string(id, `${where}.id`, 36, UUID_V7, 'a UUIDv7'),
    url: shape.string(url, `${where}.url`, 2048),
    check: shape.literal(check, `${where}.check`, RECEIPT_CHECKS),
    ...(statement !== undefined && { statement: shape.digest(statement, `${where}.statement`) }),
  }
}

const PREFIX = utf8('answerable/opinion/v1\n')
const SECRET_BYTES = 32

/**
 * The holder secret of an opinion's record, from that of the route's: SHA-256("answerable/opinion/v1\n" || secret || id).
 * Who may open the route's record may so open those that it links to; no disclosure holds a secret, and one opinion's
 * secret opens neither the route's record nor another opinion's.
 */
export function opinionSecret(secret: Uint8Array, id: string, suite: Suite): Uint8Array {
  if (secret.length !== SECRET_BYTES || !UUID_V7.test(id))
    throw new AnswerableError('bad-statement', 'expected the 32 bytes of a holder secret, and a UUIDv7')
  return suite.sha256(concat(PREFIX, secret, utf8(id)))
}
