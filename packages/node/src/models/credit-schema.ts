/**
 * The inputs of the demo credit decision: the 20 attributes of Statlog German Credit, under readable names.
 *
 * A categorical input is sent as its code: the number that ends the Statlog code (A12 of attribute 1 is 2, A410 of
 * attribute 4 is 10), so that a row of the original and a request to the model say the same thing. The list is plain
 * JSON-serialisable data, in the order in which the model takes its inputs; a form can be made from it.
 */

export interface NumberKind {
  type: 'number'
  min: number
  max: number
  step: number
  /** The unit, for a form to show. */
  unit?: string
}

export interface CategoryKind {
  type: 'category'
  options: readonly CategoryOption[]
}

export interface CategoryOption {
  code: number
  label: string
}

export interface CreditFeature {
  /** The model's input of this name: FP32 [N, 1]. */
  name: string
  label: string
  /** The attribute's number in Statlog German Credit, from 1. */
  attribute: number
  kind: NumberKind | CategoryKind
  default: number
}

/** Values by feature name; a category by its code. */
export type Applicant = Record<string, number>

export const CREDIT_FEATURES: readonly CreditFeature[] = [
  category('checking_status', 'Balance of the checking account', 1, 2, [
    [1, 'overdrawn'],
    [2, '0 to under 200 DM'],
    [3, '200 DM or more, or salary paid in for a year'],
    [4, 'no checking account'],
  ]),
  number('duration_months', 'Duration of the loan', 2, 18, { min: 4, max: 72, step: 1, unit: 'months' }),
  category('credit_history', 'Credit history', 3, 2, [
    [0, 'no credits taken, or all paid back duly'],
    [1, 'all credits at this bank paid back duly'],
    [2, 'existing credits paid back duly till now'],
    [3, 'delay in paying in the past'],
    [4, 'critical account, or other credits elsewhere'],
  ]),
  category('purpose', 'Purpose of the loan', 4, 3, [
    [0, 'car, new'],
    [1, 'car, used'],
    [2, 'furniture or equipment'],
    [3, 'radio or television'],
    [4, 'domestic appliances'],
    [5, 'repairs'],
    [6, 'education'],
    [7, 'holiday'],
    [8, 'retraining'],
    [9, 'business'],
    [10, 'other'],
  ]),
  number('credit_amount', 'Amount of the loan', 5, 2500, { min: 250, max: 20000, step: 1, unit: 'DM' }),
  category('savings_status', 'Savings account or bonds', 6, 1, [
    [1, 'under 100 DM'],
    [2, '100 to under 500 DM'],
    [3, '500 to under 1000 DM'],
    [4, '1000 DM or more'],
    [5, 'unknown, or no savings account'],
  ]),
  category('employment_since', 'Present employment since', 7, 3, [
    [1, 'unemployed'],
    [2, 'under 1 year'],
    [3, '1 to under 4 years'],
    [4, '4 to under 7 years'],
    [5, '7 years or more'],
  ]),
  number('installment_rate', 'Instalment as a share of disposable income, from 1 (low) to 4 (high)', 8, 3, {
    min: 1,
    max: 4,
    step: 1,
  }),
  category('personal_status_sex', 'Personal status and sex', 9, 3, [
    [1, 'male, divorced or separated'],
    [2, 'female, divorced, separated or married'],
    [3, 'male, single'],
    [4, 'male, married or widowed'],
    [5, 'female, single'],
  ]),
  category('other_debtors', 'Other debtors or guarantors', 10, 1, [
    [1, 'none'],
    [2, 'co-applicant'],
    [3, 'guarantor'],
  ]),
  number('residence_since', 'Time at the present residence, from 1 (short) to 4 (long)', 11, 3, {
    min: 1,
    max: 4,
    step: 1,
  }),
  category('property', 'Most valuable property', 12, 3, [
    [1, 'real estate'],
    [2, 'savings agreement with a building society, or life insurance'],
    [3, 'car or other'],
    [4, 'unknown, or none'],
  ]),
  number('age_years', 'Age', 13, 35, { min: 18, max: 80, step: 1, unit: 'years' }),
  category('other_installment_plans', 'Other instalment plans', 14, 3, [
    [1, 'at a bank'],
    [2, 'at a store'],
    [3, 'none'],
  ]),
  category('housing', 'Housing', 15, 2, [
    [1, 'rent'],
    [2, 'own'],
    [3, 'free of charge'],
  ]),
  number('existing_credits', 'Credits at this bank, this one included', 16, 1, { min: 1, max: 4, step: 1 }),
  category('job', 'Job', 17, 3, [
    [1, 'unemployed, or unskilled and non-resident'],
    [2, 'unskilled and resident'],
    [3, 'skilled employee or official'],
    [4, 'management, self-employed or highly qualified'],
  ]),
  number('dependants', 'People liable to maintain', 18, 1, { min: 1, max: 2, step: 1 }),
  category('telephone', 'Telephone in the applicant’s name', 19, 1, [
    [1, 'none'],
    [2, 'yes'],
  ]),
  category('foreign_worker', 'Foreign worker', 20, 2, [
    [1, 'yes'],
    [2, 'no'],
  ]),
]

/** The applicant that a form starts from. */
export function defaultApplicant(): Applicant {
  return Object.fromEntries(CREDIT_FEATURES.map(feature => [feature.name, feature.default]))
}

/**
 * What is outside the model's declared inputs, as sentences; empty when nothing is. The model itself takes any number:
 * it extrapolates beyond a range, and an unknown code counts as none of the options.
 */
export function applicantProblems(applicant: Applicant): string[] {
  const problems: string[] = []
  for (const { name, kind } of CREDIT_FEATURES) {
    const value = applicant[name]
    if (value === undefined) problems.push(`${name} is missing`)
    else if (kind.type === 'number') {
      if (!(value >= kind.min && value <= kind.max))
        problems.push(`${name} is ${value}, outside ${kind.min} to ${kind.max}`)
    } else if (!kind.options.some(option => option.code === value))
      problems.push(`${name} is ${value}, which is none of ${kind.options.map(o => o.code).join(', ')}`)
  }
  return problems
}

function number(
  name: string,
  label: string,
  attribute: number,
  value: number,
  range: Omit<NumberKind, 'type'>,
): CreditFeature {
  return { name, label, attribute, kind: { type: 'number', ...range }, default: value }
}

function category(
  name: string,
  label: string,
  attribute: number,
  value: number,
  options: [number, string][],
): CreditFeature {
  const kind: CategoryKind = {
    type: 'category',
    options: options.map(([code, text]) => ({ code, label: text })),
  }
  return { name, label, attribute, kind, default: value }
}
