/** The text of a recorded answer in OpenAI's form, whole or as a stream of events, with what it says of itself. */
import { AnswerableError, parseJson } from '@answerable/core'
import { ChunkSplitter } from '@answerable/core/statement'

export interface RecordedText {
  text: string
  /** As the answer says; undefined where it says nothing. */
  finish: string | undefined
  /** Token counts. */
  usage: { prompt: number; completion: number } | undefined
  /** The model that the answer names. */
  model: string | undefined
  /** Members that hold something and are not compared; by name. */
  unread: string[]
}

type Fields = Record<string, unknown>

const MOST_UNREAD = 8
const MOST_CHUNKS = 1 << 20
const TOP = new Set(['id', 'object', 'created', 'model', 'choices', 'usage'])
const CHOICE = new Set(['index', 'message', 'delta', 'text', 'finish_reason'])
const MESSAGE = new Set(['role', 'content'])

/** Throws `bad-format` for what is no such answer. */
export function readAnswer(bytes: Uint8Array, mediaType: string): RecordedText {
  const reader = new AnswerReader()
  if (!mediaType.startsWith('text/event-stream')) {
    reader.add(parsed(bytes), 'message')
    return reader.answer
  }
  const splitter = new ChunkSplitter()
  const chunks = splitter.push(bytes)
  const rest = splitter.end()
  if (rest !== undefined) chunks.push(rest)
  if (chunks.length > MOST_CHUNKS) throw bad('too many events')
  for (const chunk of chunks) {
    const data = dataOf(chunk)
    if (data !== '' && data !== '[DONE]') reader.add(parsed(data), 'delta')
  }
  return reader.answer
}

class AnswerReader {
  readonly answer: RecordedText = {
    text: '',
    finish: undefined,
    usage: undefined,
    model: undefined,
    unread: [],
  }

  add(fields: Fields, inner: 'message' | 'delta'): void {
    this.#note(fields, TOP)
    const { answer } = this
    if (typeof fields.model === 'string') answer.model = fields.model
    if (isObject(fields.usage)) {
      const { prompt_tokens: prompt, completion_tokens: completion } = fields.usage
      if (typeof prompt !== 'number' || typeof completion !== 'number') throw bad('usage without counts')
      answer.usage = { prompt, completion }
    }
    if (!Array.isArray(fields.choices)) throw bad('no choices')
    if (fields.choices.length > 1) throw bad('several choices')
    for (const choice of fields.choices as unknown[]) {
      if (!isObject(choice) || (choice.index ?? 0) !== 0) throw bad('a choice of another form')
      this.#choice(choice, inner)
    }
  }

  #choice(choice: Fields, inner: 'message' | 'delta'): void {
    this.#note(choice, CHOICE)
    const { answer } = this
    const message = choice[inner]
    if (isObject(message)) {
      this.#note(message, MESSAGE)
      if (typeof message.content === 'string') answer.text += message.content
    } else if (typeof choice.text === 'string') answer.text += choice.text
    else throw bad('a choice without text')
    if (typeof choice.finish_reason === 'string') {
      if (answer.finish !== undefined) throw bad('two ends')
      answer.finish = choice.finish_reason.slice(0, 64)
    }
  }

  #note(fields: Fields, known: ReadonlySet<string>): void {
    const { unread } = this.answer
    for (const [name, value] of Object.entries(fields)) {
      const empty = value === null || value === '' || (Array.isArray(value) && value.length === 0)
      if (known.has(name) || empty || unread.includes(name) || unread.length >= MOST_UNREAD) continue
      unread.push(/^\w{1,40}$/.test(name) ? name : 'a member with another name')
    }
  }
}

/** The data of a server-sent event, its lines joined. */
function dataOf(chunk: Uint8Array): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    .toString()
    .split(/\r?\n/)
    .filter(line => line.startsWith('data:'))
    .map(line => line.slice(line.startsWith('data: ') ? 6 : 5))
    .join('\n')
}

function parsed(json: Uint8Array | string): Fields {
  let value: unknown
  try {
    value = parseJson(json, { maxBytes: json.length * 3, maxDepth: 32, maxKeys: 1 << 16 })
  } catch (cause) {
    throw new AnswerableError('bad-format', 'the recorded answer is no JSON', { cause })
  }
  if (!isObject(value)) throw bad('not an object')
  return value
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function bad(what: string): AnswerableError {
  return new AnswerableError('bad-format', `the recorded answer: ${what}`)
}
