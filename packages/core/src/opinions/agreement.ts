/**
 * Whether two answers to one request say the same, by the rule that a deployer wrote down. The rule is on record beside
 * the answers, so anyone who holds them applies it again and comes to the same result.
 */
import { fromUtf8 } from '../bytes.ts'
import { parseJson } from '../json.ts'
import type { Json, JsonObject } from '../shape.ts'
import { Shape } from '../shape.ts'

/** How two texts are compared: as they are; but for case, spaces and a last full stop; or as JSON values. */
export const TEXT_RULES = ['exact', 'words', 'json'] as const
export type TextRule = (typeof TEXT_RULES)[number]

/** `output` and `within` are of the Open Inference Protocol's outputs; `text` is of the OpenAI APIs' answers. */
export type AgreementRule =
  | { output: string }
  | { within: { output: string; by: number } }
  | { text: TextRule }

/** `not-comparable`: one of the two does not hold what the rule is about. */
export type Likeness = 'same' | 'different' | 'not-comparable'

/** Larger answers are not compared. */
export const MOST_COMPARED_BYTES = 4 << 20
const MOST_KEYS = 1 << 18

const shape = new Shape('bad-disclosure')

export function compareAnswers(rule: AgreementRule, a: Uint8Array, b: Uint8Array): Likeness {
  try {
    if ('text' in rule) return compareTexts(rule.text, textIn(read(a)), textIn(read(b)))
    const by = 'within' in rule ? rule.within.by : undefined
    const name = 'within' in rule ? rule.within.output : rule.output
    return compareOutputs(dataOf(read(a), name), dataOf(read(b), name), by)
  } catch {
    // Not JSON, or JSON of another form: whatever it says, it is not what the rule asks for.
    return 'not-comparable'
  }
}

/** Reads a rule. Throws `bad-disclosure`. */
export function parseRule(value: unknown, where: string): AgreementRule {
  const fields = shape.object(value, where)
  const [name, ...more] = Object.keys(fields)
  if (more.length > 0) shape.fail(where, 'one rule')
  if (name === 'text') return { text: shape.literal(fields.text, `${where}.text`, TEXT_RULES) }
  if (name === 'output') return { output: shape.string(fields.output, `${where}.output`, 256) }
  const { output, by } = shape.object(fields.within, `${where}.within`)
  if (typeof by === 'number' && by >= 0)
    return { within: { output: shape.string(output, `${where}.within.output`, 256), by } }
  return shape.fail(`${where}.within.by`, 'a number of at least 0')
}

function read(bytes: Uint8Array): JsonObject {
  const limits = { maxBytes: MOST_COMPARED_BYTES, maxDepth: 64, maxKeys: MOST_KEYS }
  return shape.object(parseJson(fromUtf8(bytes), limits), 'answer')
}

/** The values of a named output, without its nesting. */
function dataOf({ outputs }: JsonObject, name: string): Json[] {
  const found = shape
    .array(outputs, 'outputs', 1024)
    .map(output => shape.object(output, 'output'))
    .find(output => output.name === name)
  const data = shape.array(found?.data, 'data', 1 << 22).flat(8) as Json[]
  const isValue = (value: Json) => value !== null && typeof value !== 'object'
  if (data.length === 0 || !data.every(isValue)) shape.fail('data', 'values, at least one')
  return data
}

function compareOutputs(a: readonly Json[], b: readonly Json[], by: number | undefined): Likeness {
  if (a.length !== b.length) return 'different'
  if (by === undefined) return a.every((value, i) => number(value) === number(b[i])) ? 'same' : 'different'
  if (![...a, ...b].every(value => Number.isFinite(value))) return 'not-comparable'
  return a.every((value, i) => Math.abs((value as number) - (b[i] as number)) <= by) ? 'same' : 'different'
}

/** Some runtimes give a boolean as 1 or 0. */
function number(value: unknown): unknown {
  return typeof value === 'boolean' ? Number(value) : value
}

/** The text of the first choice of a chat or text completion, or of a response. */
function textIn(answer: JsonObject): string {
  if (answer.choices !== undefined) {
    const first = shape.object(shape.array(answer.choices, 'choices', 1024)[0], 'choices[0]')
    if (first.message === undefined) return shape.string(first.text, 'text', MOST_COMPARED_BYTES)
    return shape.string(shape.object(first.message, 'message').content, 'content', MOST_COMPARED_BYTES)
  }
  const parts = shape.array(answer.output, 'output', 1024).flatMap(item => {
    const { content } = shape.object(item, 'item')
    return content === undefined ? [] : shape.array(content, 'content', 1024)
  })
  const texts = parts.map(part => shape.object(part, 'part')).filter(({ type }) => type === 'output_text')
  if (texts.length === 0) shape.fail('output', 'a text')
  return texts.map(({ text }) => shape.string(text, 'text', MOST_COMPARED_BYTES)).join('')
}

function compareTexts(rule: TextRule, a: string, b: string): Likeness {
  if (rule === 'exact') return a === b ? 'same' : 'different'
  if (rule === 'words') return words(a) === words(b) ? 'same' : 'different'
  const limits = { maxBytes: MOST_COMPARED_BYTES, maxKeys: MOST_KEYS }
  return isSame(parseJson(a, limits) as Json, parseJson(b, limits) as Json) ? 'same' : 'different'
}

function words(text: string): string {
  return text.normalize('NFC').toLowerCase().trim().replace(/[.!]$/, '').replace(/\s+/g, ' ')
}

/** The order of an object's members is not part of its value. Depth is bounded by the parser. */
function isSame(a: Json, b: Json): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((value, i) => isSame(value, b[i]!))
  }
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every(name => Object.hasOwn(b, name) && isSame(a[name]!, b[name]!))
}
