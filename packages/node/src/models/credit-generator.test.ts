import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BIAS, type GeneratedApplicant, generateApplicants, SHARES } from './credit-generator.ts'
import { applicantProblems, CREDIT_FEATURES, defaultApplicant } from './credit-schema.ts'
import { isFemale, isForeignWorker, isYoung } from './dataset.ts'
import { parseStatlog } from './statlog.ts'

const applicants = generateApplicants(40_000, 11)

/** Those in exactly the groups given. */
function only(group: 'female' | 'under26' | 'foreignWorker' | undefined): GeneratedApplicant[] {
  return applicants.filter(
    ({ applicant }) =>
      isFemale(applicant) === (group === 'female') &&
      isYoung(applicant) === (group === 'under26') &&
      isForeignWorker(applicant) === (group === 'foreignWorker'),
  )
}

function share<T>(items: readonly T[], has: (item: T) => boolean): number {
  return items.filter(has).length / items.length
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) < tolerance, `${what}: ${actual} where ${expected} was expected`)
}

test('the schema is JSON, names the 20 attributes in order, and its default is within it', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(CREDIT_FEATURES)), CREDIT_FEATURES)
  assert.deepEqual(
    CREDIT_FEATURES.map(feature => feature.attribute),
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  assert.equal(new Set(CREDIT_FEATURES.map(feature => feature.name)).size, 20)
  for (const { name } of CREDIT_FEATURES) assert.match(name, /^[a-z]+(_[a-z]+)*$/)
  assert.deepEqual(applicantProblems(defaultApplicant()), [])
})

test('what is outside the schema is said', () => {
  const { job: _, ...rest } = defaultApplicant()
  const applicant = { ...rest, age_years: 17, housing: 9, duration_months: Number.NaN }
  assert.deepEqual(applicantProblems(applicant), [
    'duration_months is NaN, outside 4 to 72',
    'age_years is 17, outside 18 to 80',
    'housing is 9, which is none of 1, 2, 3',
    'job is missing',
  ])
})

test('a seed gives the same applicants, all within the schema, and a longer list starts with the shorter', () => {
  assert.deepEqual(generateApplicants(50, 11), applicants.slice(0, 50))
  assert.notDeepEqual(generateApplicants(50, 12), applicants.slice(0, 50))
  for (const { applicant } of applicants) assert.deepEqual(applicantProblems(applicant), [])
})

test('groups have their documented shares', () => {
  near(
    share(applicants, a => isFemale(a.applicant)),
    SHARES.female,
    0.01,
    'female',
  )
  near(
    share(applicants, a => isForeignWorker(a.applicant)),
    SHARES.foreignWorker,
    0.01,
    'foreign workers',
  )
})

test('every group repays alike', () => {
  const base = share(only(undefined), a => a.wouldRepay)
  for (const group of ['female', 'under26', 'foreignWorker'] as const)
    near(
      share(only(group), a => a.wouldRepay),
      base,
      0.03,
      group,
    )
})

test('labels are biased by the documented size', () => {
  const blamed = (group: GeneratedApplicant[]) =>
    share(
      group.filter(a => a.wouldRepay),
      a => !a.good,
    )
  assert.equal(blamed(only(undefined)), 0)
  for (const group of ['female', 'under26', 'foreignWorker'] as const)
    near(blamed(only(group)), BIAS.label[group], 0.025, group)
  assert.ok(
    applicants.every(a => a.wouldRepay || !a.good),
    'nobody who would not repay is good',
  )
})

test('signs of means are understated by the documented size', () => {
  // A telephone is had when visible means + noise (variance 1 each) is over 0.3: the normal distribution at
  // -(0.3 + understatement) / sqrt 2.
  const telephone = (group: GeneratedApplicant[]) => share(group, a => a.applicant.telephone === 2)
  assert.deepEqual(BIAS.measurement, { female: 0.35, foreignWorker: 0.45, under26: 0.4 })
  near(telephone(only(undefined)), 0.416, 0.02, 'nobody')
  near(telephone(only('female')), 0.323, 0.02, 'women')
  near(telephone(only('under26')), 0.31, 0.025, 'under 26')
  near(telephone(only('foreignWorker')), 0.298, 0.03, 'foreign workers')
})

test('Statlog rows: codes, classes and exact messages', () => {
  const row = 'A11 6 A34 A410 500 A65 A75 4 A95 A101 4 A121 67 A143 A152 2 A173 1 A192 A201'
  const [first, second] = parseStatlog(`${row} 1\n${row.replaceAll(' ', '\t')}\t2\n\n`)
  assert.equal(first!.good, true)
  assert.equal(second!.good, false)
  assert.deepEqual(first!.applicant, second!.applicant)
  assert.deepEqual(
    Object.values(first!.applicant),
    [1, 6, 4, 10, 500, 5, 5, 4, 5, 1, 4, 1, 67, 3, 2, 2, 3, 1, 2, 1],
  )
  for (const [text, message] of [
    [row, 'line 1 has 20 fields where 21 were expected'],
    [`${row} 3`, "line 1: class '3' is neither 1 nor 2"],
    [`${row.replace('A11 ', 'A21 ')} 1`, "line 1: 'A21' is no value of checking_status"],
    [`${row.replace(' 6 ', ' six ')} 1`, "line 1: 'six' is no value of duration_months"],
  ] as const)
    assert.throws(() => parseStatlog(text), { code: 'bad-format', message })
})
