/**
 * Synthetic credit applicants, biased on purpose.
 *
 * Real credit data carries the judgement of those who collected it; a demo model trained on clean data would have
 * nothing to answer for. All numbers here are invented: no row, count or rate of a real data set was used.
 *
 * **The truth.** Each applicant has two hidden traits, `means` and `thrift` (mean 0, variance 1), and asks for a loan.
 * Whether they would repay is drawn with probability sigmoid(1.9 + 1.8 thrift + 1.2 means - burden), where the burden
 * grows with duration, amount and instalment rate. It depends on no group: neither sex, nor age, nor origin.
 *
 * **The bias**, of two kinds, sized in `BIAS`:
 * 1. *Measurement.* What the bank sees of `means` (employment, job, savings, property, telephone) is understated for
 *    some: by 0.35 of a standard deviation for women, 0.45 for foreign workers, 0.4 for people under 26. So good
 *    payers of these groups look poorer than they are, and the group can be guessed from innocent-looking inputs.
 * 2. *Labels.* Of those who would repay, some are on record as bad: 10 in 100 for being a woman, 14 in 100 for being
 *    under 26, 12 in 100 for being a foreign worker, each independently; who is in two groups meets both. Nobody who
 *    would not repay is on record as good.
 */
import { type Applicant, CREDIT_FEATURES } from './credit-schema.ts'
import { isFemale, isForeignWorker, isYoung, type LabelledApplicant } from './dataset.ts'
import { Prng } from './prng.ts'
import { sigmoid } from './sigmoid.ts'

/** Raised whenever the same seed would give other applicants. */
export const GENERATOR_VERSION = '1.0.0'

export const BIAS = {
  /** How far the visible signs of `means` are understated, in standard deviations. */
  measurement: { female: 0.35, foreignWorker: 0.45, under26: 0.4 },
  /** Of those who would repay, the share on record as bad for belonging to the group. */
  label: { female: 0.1, under26: 0.14, foreignWorker: 0.12 },
} as const

/** Shares of the groups among applicants; sex, age and origin are drawn independently of each other. */
export const SHARES = { female: 0.36, foreignWorker: 0.15 } as const

export interface GeneratedApplicant extends LabelledApplicant {
  /** The truth, which no bank sees: this person would repay. */
  wouldRepay: boolean
}

/** `count` applicants; the same seed gives the same ones, and a longer list starts with the shorter. */
export function generateApplicants(count: number, seed: number): GeneratedApplicant[] {
  const random = new Prng(seed)
  return Array.from({ length: count }, () => generateApplicant(random))
}

function generateApplicant(random: Prng): GeneratedApplicant {
  const female = random.chance(SHARES.female)
  const foreignWorker = random.chance(SHARES.foreignWorker)
  const u = random.uniform()
  const age = 19 + Math.floor(56 * (0.3 * u + 0.7 * u * u))
  const single = random.chance(age < 30 ? 0.75 : 0.4)
  const married = random.chance(0.6)
  const means = random.normal()
  const thrift = random.normal()

  let visible = means
  if (female) visible -= BIAS.measurement.female
  if (foreignWorker) visible -= BIAS.measurement.foreignWorker
  if (age < 26) visible -= BIAS.measurement.under26
  /** A noisy sign of a trait, as the number of cuts that it is over. */
  const sign = (trait: number, noise: number, cuts: readonly number[]) => {
    const value = trait + noise * random.normal()
    return cuts.filter(cut => value > cut).length
  }

  const applicant: Applicant = {}
  applicant.personal_status_sex = female ? (single ? 5 : 2) : single ? 3 : married ? 4 : 1
  applicant.age_years = age
  applicant.foreign_worker = foreignWorker ? 1 : 2
  applicant.checking_status = random.chance(0.3) ? 4 : 1 + sign(0.8 * thrift + 0.5 * means, 0.5, [-0.5, 0.9])
  applicant.savings_status = random.chance(0.12)
    ? 5
    : 1 + sign(0.7 * thrift + 0.6 * visible, 0.6, [0.1, 0.9, 1.6])
  applicant.credit_history = historyOf(sign(thrift, 0.7, [-1.2, -0.5, 0.7, 1.4]))
  applicant.employment_since = 1 + sign(visible + 0.02 * (age - 35), 0.7, [-1.6, -0.8, 0.2, 0.9])
  applicant.job = 1 + sign(visible, 0.6, [-1.9, -0.7, 1.1])
  applicant.property = 4 - sign(visible + 0.02 * (age - 35), 0.8, [-0.9, 0.1, 0.9])
  applicant.housing = random.chance(0.08) ? 3 : 1 + sign(visible + 0.02 * (age - 35), 0.8, [-0.2])
  applicant.telephone = 1 + sign(visible, 1, [0.3])
  applicant.residence_since = 1 + sign(0.04 * (age - 35), 1, [-1, 0, 0.8])
  applicant.other_installment_plans = sign(thrift, 1, [-1.3]) === 1 ? 3 : random.chance(0.7) ? 1 : 2
  applicant.other_debtors = 1 + random.pick([84, 8, 8])
  applicant.purpose = random.pick([18, 14, 16, 15, 5, 6, 8, 4, 5, 7, 2])
  applicant.existing_credits = 1 + random.pick([55, 30, 10, 5])
  applicant.dependants = random.chance(0.15) ? 2 : 1
  applicant.duration_months = 6 * (1 + random.pick([8, 26, 18, 20, 6, 9, 2, 7, 1, 3]))
  const monthly = 60 + 70 * random.uniform() + 25 * (2 + means) * random.uniform()
  applicant.credit_amount = Math.min(20000, Math.max(250, Math.round(monthly * applicant.duration_months)))
  applicant.installment_rate = 1 + sign(-means, 1, [-0.9, -0.1, 0.7])

  const burden =
    0.035 * (applicant.duration_months - 20) +
    0.00012 * (applicant.credit_amount - 2500) +
    0.2 * (applicant.installment_rate - 2.5)
  const wouldRepay = random.chance(sigmoid(1.9 + 1.8 * thrift + 1.2 * means - burden))
  // One draw a group, member or not, so that a bias of another size changes labels and no other applicant.
  const blamed = [
    random.chance(BIAS.label.female) && isFemale(applicant),
    random.chance(BIAS.label.under26) && isYoung(applicant),
    random.chance(BIAS.label.foreignWorker) && isForeignWorker(applicant),
  ].includes(true)
  return { applicant: inOrder(applicant), good: wouldRepay && !blamed, wouldRepay }
}

/** Statlog's codes for credit history are no scale: here from the worst sign to the best. */
function historyOf(grade: number): number {
  return [3, 4, 2, 1, 0][grade]!
}

function inOrder(applicant: Applicant): Applicant {
  return Object.fromEntries(CREDIT_FEATURES.map(({ name }) => [name, applicant[name]!]))
}
