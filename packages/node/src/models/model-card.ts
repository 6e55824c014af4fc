/** The demo models' cards: what each is for, what it is not for, and how it is biased, with the figures that show it. */

import { BIAS, GENERATOR_VERSION } from './credit-generator.ts'
import { CREDIT_FEATURES, type CreditFeature } from './credit-schema.ts'
import type { Figures } from './evaluate.ts'

export interface ModelCard {
  name: string
  version: string
  file: string
  /** SHA-256 of the file, hex. */
  sha256: string
  description: string
  intendedUse: string
  notFor: string[]
  limits: string[]
  bias: {
    statement: string
    /** As built into the training data: see the generator. */
    builtIn: typeof BIAS
  }
  inputs: readonly CreditFeature[]
  /** A probability of at least this is approved. */
  threshold: number
  training: { data: string; generatorVersion: string; seed: number; applicants: number }
  evaluation: {
    data: string
    seed: number
    /** By group; `all` is everyone. */
    figures: Record<string, Figures>
    /** The share of those applicants for whom this model and the FP32 one decide alike. */
    agreementWithF32?: number
  }
}

export interface CardFacts {
  name: string
  version: string
  sha256: string
  threshold: number
  training: { seed: number; applicants: number }
  evaluation: { seed: number; figures: Record<string, Figures>; agreementWithF32?: number }
}

export function modelCard({ name, version, sha256, threshold, training, evaluation }: CardFacts): ModelCard {
  const { female, male, under_26, foreign_worker, not_foreign_worker } = evaluation.figures
  const rest = evaluation.figures['26_and_over']
  return {
    name,
    version,
    file: `${name}.onnx`,
    sha256,
    description:
      'Says whether an application for a small consumer loan is approved, from the 20 attributes of Statlog German ' +
      'Credit. A small neural network, trained on synthetic applicants.',
    intendedUse: 'Demonstrations and tests of receipts, audits, disputes and appeals.',
    notFor: ['Any decision about a real person.', 'Any claim about how real applicants or groups repay.'],
    limits: [
      'Amounts are in Deutsche Mark and circumstances are those that a German bank asked for in the 1990s.',
      'It was trained on values within the ranges and codes under `inputs`. It checks none of them: beyond a range it ' +
        'extrapolates, and an unknown code counts as no option of its category.',
      'It reports a probability of the label on record, which is biased, and not of repayment.',
      'It gives no reasons.',
    ],
    bias: {
      statement:
        'Biased on purpose, as lending data has been in life. Women, people under 26 and foreign workers repay as ' +
        'often as others in the data, and are declined more often. Of those who would repay, the model declines ' +
        `${percent(female)} of women and ${percent(male)} of men; ${percent(under_26)} of people under 26 and ` +
        `${percent(rest)} of others; ${percent(foreign_worker)} of foreign workers and ` +
        `${percent(not_foreign_worker)} of others.`,
      builtIn: BIAS,
    },
    inputs: CREDIT_FEATURES,
    threshold,
    training: { data: 'synthetic applicants', generatorVersion: GENERATOR_VERSION, ...training },
    evaluation: { data: 'synthetic applicants of the same generator, held out', ...evaluation },
  }
}

function percent(figures: Figures | undefined): string {
  return `${((figures?.wouldRepayDeclined ?? 0) * 100).toFixed(1)}%`
}
