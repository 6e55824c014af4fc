/** Some inputs of the demo decision, in the form of GET /demo/credit-schema. */
const category = (name: string, label: string, preset: number, options: [number, string][]) => ({
  name,
  label,
  kind: { type: 'category', options: options.map(([code, text]) => ({ code, label: text })) },
  default: preset,
})

export const SCHEMA = [
  category('checking_status', 'Balance of the checking account', 2, [
    [1, 'overdrawn'],
    [2, '0 to under 200 DM'],
    [3, '200 DM or more, or salary paid in for a year'],
    [4, 'no checking account'],
  ]),
  {
    name: 'duration_months',
    label: 'Duration of the loan',
    kind: { type: 'number', min: 4, max: 72, step: 1, unit: 'months' },
    default: 18,
  },
  category('credit_history', 'Credit history', 2, [
    [0, 'no credits taken, or all paid back duly'],
    [2, 'existing credits paid back duly till now'],
    [4, 'critical account, or other credits elsewhere'],
  ]),
  {
    name: 'credit_amount',
    label: 'Amount of the loan',
    kind: { type: 'number', min: 250, max: 20000, step: 1, unit: 'DM' },
    default: 2500,
  },
  category('savings_status', 'Savings account or bonds', 1, [
    [1, 'under 100 DM'],
    [5, 'unknown, or no savings account'],
  ]),
  {
    name: 'installment_rate',
    label: 'Instalment as a share of disposable income, from 1 (low) to 4 (high)',
    kind: { type: 'number', min: 1, max: 4, step: 1 },
    default: 3,
  },
  {
    name: 'age_years',
    label: 'Age',
    kind: { type: 'number', min: 18, max: 80, step: 1, unit: 'years' },
    default: 35,
  },
  category('housing', 'Housing', 2, [
    [1, 'rent'],
    [2, 'own'],
    [3, 'free of charge'],
  ]),
]
