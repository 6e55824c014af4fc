/** The demo decision: its inputs as the server lists them, the request made of them, and what its answer says. */
import { fromUtf8, utf8 } from '@answerable/core'
import { getJson } from './api.ts'
import { PageError } from './problem.ts'

export interface Feature {
  name: string
  label: string
  kind:
    | { type: 'number'; min: number; max: number; step: number; unit?: string }
    | { type: 'category'; options: { code: number; label: string }[] }
  default: number
}

/** Shown first: what changes the decision most. The rest is folded away. */
const TELLING = [
  'checking_status',
  'credit_history',
  'credit_amount',
  'duration_months',
  'savings_status',
  'age_years',
]

export interface Schema {
  telling: Feature[]
  rest: Feature[]
}

export async function getSchema(): Promise<Schema> {
  const features = (await getJson('demo/credit-schema')) as Feature[]
  if (!Array.isArray(features) || !features.every(isFeature))
    throw new PageError('bad-answer', 'The list of the decision’s inputs has an unknown form')
  const telling = TELLING.flatMap(name => features.filter(feature => feature.name === name))
  return { telling, rest: features.filter(feature => !telling.includes(feature)) }
}

function isFeature({ name, label, kind }: Feature): boolean {
  const known = kind?.type === 'number' || (kind?.type === 'category' && Array.isArray(kind.options))
  return known && typeof name === 'string' && typeof label === 'string'
}

/** What stands in the form's fields, by feature name. */
export type Fields = Record<string, string>

export function defaults({ telling, rest }: Schema): Fields {
  return Object.fromEntries([...telling, ...rest].map(feature => [feature.name, String(feature.default)]))
}

/** What is wrong with a field, or undefined. */
export function fieldProblem({ kind }: Feature, text: string): string | undefined {
  if (kind.type === 'category') return undefined
  const value = Number(text)
  const { min, max } = kind
  if (text.trim() === '' || !(value >= min && value <= max))
    return `Give a number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}.`
  return undefined
}

/** A KServe v2 request: one FP32 tensor of shape [1, 1] a feature. */
export function requestBytes({ telling, rest }: Schema, fields: Fields): Uint8Array<ArrayBuffer> {
  const inputs = [...telling, ...rest].map(({ name }) => ({
    name,
    shape: [1, 1],
    datatype: 'FP32',
    data: [Number(fields[name])],
  }))
  return new Uint8Array(utf8(JSON.stringify({ inputs })))
}

export interface Decision {
  approved: boolean
  /** That the loan would go on record as good, 0 to 1. */
  probability: number
  /** The model that the answer names. */
  model: string
}

/** The decision in an answer's bytes, or undefined where they hold none. */
export function decisionIn(response: Uint8Array): Decision | undefined {
  try {
    const { outputs, model_name } = JSON.parse(fromUtf8(response)) as {
      outputs: { name: string; data: unknown[] }[]
      model_name?: unknown
    }
    const value = (name: string) => outputs.find(output => output.name === name)?.data.flat()[0]
    const approved = value('approved')
    const probability = Number(value('probability_good'))
    if (approved === undefined || !Number.isFinite(probability)) return undefined
    return { approved: approved === true || approved === 1, probability, model: String(model_name) }
  } catch {
    return undefined
  }
}
