/**
 * How an applicant becomes the numbers that the network takes: the numeric features, each shifted and scaled, then
 * one column for each option of each category, 1 for the option that applies and 0 for the others.
 */
import { type Applicant, CREDIT_FEATURES } from './credit-schema.ts'

export const NUMBERS: readonly string[] = CREDIT_FEATURES.filter(f => f.kind.type === 'number').map(
  f => f.name,
)

export const CATEGORIES: readonly string[] = CREDIT_FEATURES.filter(f => f.kind.type === 'category').map(
  f => f.name,
)

/** The one-hot columns in order: which of `CATEGORIES`, and which code. */
export const OPTIONS: readonly { category: number; code: number }[] = CREDIT_FEATURES.flatMap(feature =>
  feature.kind.type === 'category'
    ? feature.kind.options.map(({ code }) => ({ category: CATEGORIES.indexOf(feature.name), code }))
    : [],
)

/** Columns of an encoded applicant. */
export const WIDTH = NUMBERS.length + OPTIONS.length

export interface Normaliser {
  /** Subtracted from each of `NUMBERS`. */
  mean: Float32Array
  /** Multiplied in afterwards: one over the standard deviation. */
  scale: Float32Array
}

/** The normaliser that gives each numeric feature mean 0 and variance 1 over `applicants`. */
export function normaliserOf(applicants: readonly Applicant[]): Normaliser {
  const mean = new Float32Array(NUMBERS.length)
  const scale = new Float32Array(NUMBERS.length)
  NUMBERS.forEach((name, i) => {
    let sum = 0
    let squares = 0
    for (const applicant of applicants) {
      sum += applicant[name]!
      squares += applicant[name]! * applicant[name]!
    }
    const average = sum / applicants.length
    const variance = squares / applicants.length - average * average
    mean[i] = average
    scale[i] = variance > 0 ? 1 / Math.sqrt(variance) : 1
  })
  return { mean, scale }
}

/** The encoded applicant, [WIDTH]: each step rounded to FP32, as the model file's own operators do. */
export function encode(applicant: Applicant, { mean, scale }: Normaliser): Float32Array {
  const row = new Float32Array(WIDTH)
  for (let i = 0; i < NUMBERS.length; i++)
    row[i] = Math.fround(Math.fround(applicant[NUMBERS[i]!]!) - mean[i]!) * scale[i]!
  for (let i = 0; i < OPTIONS.length; i++) {
    const { category, code } = OPTIONS[i]!
    row[NUMBERS.length + i] = applicant[CATEGORIES[category]!] === code ? 1 : 0
  }
  return row
}
