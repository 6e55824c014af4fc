/**
 * Reads a chat or completion call for a model in this process. What it cannot do is refused by name: an answer that
 * quietly left out a field would be recorded as if that field had been followed.
 */
import { AnswerableError } from '@answerable/core'
import {
  type ChatTurn,
  DEFAULT_SAMPLING,
  type LlamaModel,
  MAX_SEED,
  type Prompt,
  type Sampling,
} from '../runtime/index.ts'

export interface LlamaRequest extends Sampling {
  kind: 'chat' | 'completion'
  messages: readonly ChatTurn[]
  /** Of a completion. */
  prompt: string
  /** As many as the context holds, where it is not set. */
  maxTokens: number
  stop: readonly string[]
  seed: number | undefined
  stream: boolean
  includeUsage: boolean
}

export type Fields = Record<string, unknown>

export const CHAT_PATH = '/v1/chat/completions'
export const COMPLETION_PATH = '/v1/completions'
/** What OpenAI's API gives a completion that does not say. */
const COMPLETION_TOKENS = 16
const MOST_MESSAGES = 4096
const MOST_STOPS = 16
const MOST_STOP_LENGTH = 256

/** Fields that would change the answer, with the values that ask for nothing. */
const UNSUPPORTED: Record<string, (value: unknown) => boolean> = {
  tools: isEmpty,
  tool_choice: value => value === 'none' || value === 'auto',
  functions: isEmpty,
  function_call: value => value === 'none' || value === 'auto',
  response_format: value => isObject(value) && value.type === 'text',
  n: value => value === 1,
  best_of: value => value === 1,
  logprobs: value => value === false,
  top_logprobs: value => value === 0,
  logit_bias: isEmpty,
  frequency_penalty: value => value === 0,
  presence_penalty: value => value === 0,
  repetition_penalty: value => value === 1,
  repeat_penalty: value => value === 1,
  echo: value => value === false,
  suffix: value => value === '',
  modalities: value => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  audio: () => false,
  prediction: () => false,
  web_search_options: () => false,
  reasoning_effort: value => value === 'none',
}

/** `defaults` are what a call gets that leaves its sampling out. Throws `bad-request`. */
export function readLlamaRequest(
  path: string,
  fields: Fields,
  defaults: Sampling = DEFAULT_SAMPLING,
): LlamaRequest {
  for (const [name, asksNothing] of Object.entries(UNSUPPORTED)) {
    const value = fields[name] ?? undefined
    if (value !== undefined && !asksNothing(value))
      throw refuse(name, 'a model that runs in this gateway does not support it')
  }
  const kind = path === CHAT_PATH ? 'chat' : 'completion'
  const unset = kind === 'chat' ? Number.MAX_SAFE_INTEGER : COMPLETION_TOKENS
  const tokens = { least: 1, most: Number.MAX_SAFE_INTEGER, whole: true }
  return {
    kind,
    messages: kind === 'chat' ? readMessages(fields.messages) : [],
    prompt: kind === 'chat' ? '' : readPrompt(fields.prompt),
    temperature: number(fields, 'temperature', { least: 0, most: 2 }) ?? defaults.temperature,
    topP: number(fields, 'top_p', { least: 0, most: 1 }) ?? defaults.topP,
    topK: number(fields, 'top_k', { least: 0, most: 1 << 20, whole: true }) ?? defaults.topK,
    minP: number(fields, 'min_p', { least: 0, most: 1 }) ?? defaults.minP,
    maxTokens:
      number(fields, 'max_completion_tokens', tokens) ?? number(fields, 'max_tokens', tokens) ?? unset,
    stop: readStop(fields.stop),
    seed: number(fields, 'seed', { least: 0, most: MAX_SEED, whole: true }),
    stream: flag(fields, 'stream'),
    includeUsage: isObject(fields.stream_options) && flag(fields.stream_options, 'include_usage'),
  }
}

/** The tokens that a request asks a model to go on from. Throws `bad-request`. */
export function promptOf(
  model: Pick<LlamaModel, 'chatPrompt' | 'textPrompt'>,
  { kind, messages, prompt }: LlamaRequest,
): Prompt {
  return kind === 'chat' ? model.chatPrompt(messages) : model.textPrompt(prompt)
}

/** Whether an answer's seed is to be derived: it is drawn, and the caller names no seed. */
export function needsSeed({ seed, temperature }: Fields): boolean {
  return (seed ?? undefined) === undefined && temperature !== 0
}

function readMessages(value: unknown): ChatTurn[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_MESSAGES)
    throw refuse('messages', `expected 1 to ${MOST_MESSAGES} messages`)
  return value.map((message: unknown, i) => {
    const at = `messages[${i}]`
    if (!isObject(message)) throw refuse(at, 'expected an object')
    if (!isEmpty(message.tool_calls ?? [])) throw refuse(`${at}.tool_calls`, 'tools are not supported here')
    return { role: roleOf(message.role, at), text: textOf(message.content, `${at}.content`) }
  })
}

function roleOf(role: unknown, at: string): ChatTurn['role'] {
  if (role === 'system' || role === 'developer') return 'system'
  if (role === 'user' || role === 'assistant') return role
  throw refuse(`${at}.role`, 'expected system, developer, user or assistant; others are not supported here')
}

function textOf(content: unknown, at: string): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) throw refuse(at, 'expected text')
  return content
    .map((part: unknown, i) => {
      if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return part.text
      throw refuse(
        `${at}[${i}]`,
        'expected a part of type text; images, sound and files are not supported here',
      )
    })
    .join('')
}

function readPrompt(value: unknown): string {
  const prompt = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value
  if (typeof prompt === 'string') return prompt
  throw refuse('prompt', 'expected one text; several prompts, or tokens, are not supported here')
}

function readStop(value: unknown): string[] {
  const stops =
    value === undefined || value === null ? [] : Array.isArray(value) ? (value as unknown[]) : [value]
  const isStop = (stop: unknown): stop is string =>
    typeof stop === 'string' && stop !== '' && stop.length <= MOST_STOP_LENGTH
  if (stops.length > MOST_STOPS || !stops.every(isStop))
    throw refuse('stop', `expected at most ${MOST_STOPS} texts of 1 to ${MOST_STOP_LENGTH} characters`)
  return stops
}

function number(
  fields: Fields,
  name: string,
  { least, most, whole = false }: { least: number; most: number; whole?: boolean },
): number | undefined {
  const value = fields[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || value < least || value > most || (whole && !Number.isInteger(value)))
    throw refuse(name, `expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}`)
  return value
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false
  if (typeof value !== 'boolean') throw refuse(name, 'expected true or false')
  return value
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function refuse(name: string, why: string): AnswerableError {
  return new AnswerableError('bad-request', `${name}: ${why}`)
}
