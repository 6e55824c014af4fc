/** What a charter sets: quorums, periods and limits. Changed by proposal and both chambers' approval. */
import { MOST_ONE_IN, type Samples } from '../audit/sampling.ts'
import { type EvidencePolicy, evidencePolicyOf } from '../evidence/policy.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { line } from './fields.ts'

export interface Terms {
  /** A quorum of owner groups is more than this share of them: numerator and denominator. */
  quorum: readonly [number, number]
  /** Seconds of counted time in an epoch: of anchors, reveals and samples. */
  epochSeconds: number
  /** How often validators tick. */
  tickSeconds: number
  /** At most so much counts between two ticks, so that clocks stand still while no quorum is there. */
  maximumGapSeconds: number
  /** By then the host has a handed-in statement in the log. */
  handInSeconds: number
  /** From both chambers' approval until a member is active. */
  waitingSeconds: number
  /** An application or proposal without enough approvals lapses after this. */
  openSeconds: number
  /** How late a quorum may see a committed record before its absence can be challenged. */
  maximumDelaySeconds: number
  /** By then a challenge has its answer; silence loses. */
  challengeSeconds: number
  /** Statements older than this, by registry time, are stale. */
  windowSeconds: number
  statementsPerEpoch: number
  handInsPerEpoch: number
  /** Sizes whose state digest validators sign: the multiples of this. */
  digestEvery: number
  /** Owner groups drawn to look at a challenge or a dispute. */
  panel: number
  /** From rules version 3 on. */
  audit?: AuditTerms
  /** From rules version 4 on; absent where the network asks of evidence what this software does by itself. */
  evidence?: EvidenceTerms
}

export interface EvidenceTerms {
  /** What it asks of evidence, as it was written: what it leaves out is as `DEFAULT_EVIDENCE_POLICY` has it. */
  policy: JsonObject
}

export interface AuditTerms {
  /** How many of the records that logs anchor in an epoch are due for an audit. */
  samples: Samples
  /** By then either side of a dispute makes its move; silence loses. */
  moveSeconds: number
}

export const DEFAULT_TERMS: Terms = {
  quorum: [2, 3],
  epochSeconds: 3600,
  tickSeconds: 60,
  maximumGapSeconds: 300,
  handInSeconds: 600,
  waitingSeconds: 86_400,
  openSeconds: 7 * 86_400,
  maximumDelaySeconds: 3600,
  challengeSeconds: 86_400,
  windowSeconds: 7 * 86_400,
  statementsPerEpoch: 10_000,
  handInsPerEpoch: 100,
  digestEvery: 256,
  panel: 3,
}

export const DEFAULT_AUDIT: AuditTerms = { samples: { default: 1000, uses: {} }, moveSeconds: 3600 }

/** The first version of the rules that has audits. */
export const AUDITS_SINCE = 3
/** The first that has evidence. */
export const EVIDENCE_SINCE = 4
/** Of a policy, as JSON: every state digest and every sealed receipt has the terms in it. */
const MAX_POLICY = 16_384

/** Bounds of each number, both included. */
const BOUNDS: Record<Exclude<keyof Terms, 'quorum' | 'audit' | 'evidence'>, readonly [number, number]> = {
  epochSeconds: [1, 31 * 86_400],
  tickSeconds: [1, 86_400],
  maximumGapSeconds: [1, 86_400],
  handInSeconds: [1, 31 * 86_400],
  waitingSeconds: [0, 366 * 86_400],
  openSeconds: [60, 366 * 86_400],
  maximumDelaySeconds: [1, 31 * 86_400],
  challengeSeconds: [1, 366 * 86_400],
  windowSeconds: [60, 366 * 86_400],
  statementsPerEpoch: [10, 10_000_000],
  handInsPerEpoch: [1, 1_000_000],
  digestEvery: [16, 65_536],
  panel: [1, 31],
}

const shape = new Shape('bad-statement')

/**
 * Reads terms that may be partial, as a version of the rules knows them: what came later is not read, as older software
 * does not. Throws `bad-statement` for a number out of bounds, and for a quorum below a half.
 */
export function parseTerms(value: unknown, rules = EVIDENCE_SINCE, where = 'terms'): Partial<Terms> {
  const fields = shape.object(value, where)
  const terms: { -readonly [K in keyof Terms]?: Terms[K] } = {}
  for (const name of Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]) {
    if (fields[name] === undefined) continue
    terms[name] = within(fields[name], `${where}.${name}`, BOUNDS[name])
  }
  if (fields.quorum !== undefined) {
    const [numerator, denominator] = shape.array(fields.quorum, `${where}.quorum`, 2)
    const over = shape.count(denominator, `${where}.quorum[1]`)
    const share = shape.count(numerator, `${where}.quorum[0]`)
    // Two quorums must meet, or two histories could each have one.
    if (over > 100 || share * 2 < over || share >= over)
      shape.fail(`${where}.quorum`, 'a share of at least 1/2 and under 1, with a denominator up to 100')
    terms.quorum = [share, over]
  }
  if (fields.audit !== undefined && rules >= AUDITS_SINCE)
    terms.audit = parseAudit(fields.audit, `${where}.audit`)
  if (fields.evidence !== undefined && rules >= EVIDENCE_SINCE)
    terms.evidence = parseEvidenceTerms(fields.evidence, `${where}.evidence`)
  return terms
}

/** The policy is kept as it was written; what it comes to is for each reader's software to work out. */
function parseEvidenceTerms(value: unknown, where: string): EvidenceTerms {
  const policy = shape.object(shape.object(value, where).policy, `${where}.policy`)
  if (JSON.stringify(policy).length > MAX_POLICY)
    shape.fail(`${where}.policy`, `at most ${MAX_POLICY} characters`)
  for (const { image, measurements, provenance } of evidencePolicyOf(policy).references) {
    line(image, `${where}.policy.references.image`)
    for (const one of [...Object.values(measurements), provenance?.source ?? image])
      line(one, `${where}.policy.references`, 1024)
  }
  return { policy }
}

/** What a network asks of evidence. */
export function evidencePolicyUnder({ evidence }: Terms): EvidencePolicy {
  return evidencePolicyOf(evidence?.policy ?? {})
}

const MOST_USES = 64

function parseAudit(value: unknown, where: string): AuditTerms {
  const { samples, moveSeconds } = shape.object(value, where)
  const rates = shape.object(samples, `${where}.samples`)
  const rate = (one: unknown, at: string) => within(one, at, [1, MOST_ONE_IN])
  const uses = Object.entries(shape.object(rates.uses ?? {}, `${where}.samples.uses`))
  if (uses.length > MOST_USES) shape.fail(`${where}.samples.uses`, `at most ${MOST_USES}`)
  return {
    samples: {
      default: rate(rates.default, `${where}.samples.default`),
      uses: Object.fromEntries(
        uses.map(([name, one]) => [
          shape.string(name, `${where}.samples.uses`, 128),
          rate(one, `${where}.samples.uses.${name.slice(0, 64)}`),
        ]),
      ),
    },
    moveSeconds: within(moveSeconds, `${where}.moveSeconds`, [1, 31 * 86_400]),
  }
}

function within(value: unknown, where: string, [least, most]: readonly [number, number]): number {
  const number = shape.count(value, where)
  return number < least || number > most ? shape.fail(where, `${least} to ${most}`) : number
}

/** Terms as a version of the rules has them: what came later is not part of an older state. */
export function termsUnder(rules: number, { audit, evidence, ...terms }: Terms): Terms {
  if (rules < AUDITS_SINCE) return terms
  const audited = { ...terms, audit: audit ?? DEFAULT_AUDIT }
  return rules < EVIDENCE_SINCE || evidence === undefined ? audited : { ...audited, evidence }
}

/** How many of `groups` owner groups are a quorum: more than the charter's share. */
export function quorumOf(groups: number, [numerator, denominator]: Terms['quorum']): number {
  return Math.floor((groups * numerator) / denominator) + 1
}
