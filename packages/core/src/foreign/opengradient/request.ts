/**
 * What of a request OpenGradient's gateway signs (tee_gateway/controllers/chat_controller.py): the model that was asked for,
 * the messages, the temperature, and of the rest what stands in `SIGNED`. It hashes its own spelling of them, not the bytes
 * that were sent.
 */
import { utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import {
  asFloat,
  isTruthy,
  type PythonJson,
  PythonNumber,
  type PythonObject,
  readPythonJson,
  writePythonJson,
} from './python-json.ts'

const MAX_REQUEST_BYTES = 16 * 1024 * 1024
/** Besides model, messages and temperature, where they are set. */
const OPTIONAL = ['stop', 'tools', 'response_format'] as const
const SIGNED = new Set<string>(['model', 'messages', 'temperature', 'max_tokens', 'web_search', ...OPTIONAL])

export interface SignedRequest {
  /** What may have been hashed: gateways of before and after web search was added spell it differently. */
  spellings: Uint8Array[]
  /** As it was asked for. */
  model: string
  /** What the request holds and nothing signs, by path. */
  unsigned: string[]
}

/** Throws `bad-format`, and what `parseJson` throws. */
export function readSignedRequest(bytes: Uint8Array): SignedRequest {
  const root = readPythonJson(bytes, { maxBytes: MAX_REQUEST_BYTES, maxDepth: 48 })
  if (!(root instanceof Map)) throw bad('an object')
  const model = root.get('model')
  const messages = root.get('messages')
  if (typeof model !== 'string') throw bad('model: a string')
  if (!Array.isArray(messages)) throw bad('messages: an array')
  const unsigned = [...root.keys()].filter(key => !SIGNED.has(key))
  const fields: PythonObject = new Map<string, PythonJson>([
    ['model', model],
    ['messages', messages.map((one, i) => messageOf(one, `messages[${i}]`, unsigned))],
    ['temperature', temperatureOf(root.get('temperature') ?? null)],
  ])
  const most = root.get('max_tokens') ?? null
  if (most !== null) fields.set('max_tokens', most)
  for (const name of OPTIONAL) {
    const value = root.get(name)
    if (isTruthy(value)) fields.set(name, value!)
  }
  const spellings = [utf8(writePythonJson(fields))]
  if (isTruthy(root.get('web_search')))
    spellings.unshift(utf8(writePythonJson(new Map([...fields, ['web_search', true]]))))
  return { spellings, model, unsigned }
}

function temperatureOf(value: PythonJson): PythonNumber {
  if (value === null) return new PythonNumber('0.0')
  if (!(value instanceof PythonNumber)) throw bad('temperature: a number')
  return asFloat(value)
}

/** A message by its role, with nothing else that was in it. */
function messageOf(value: PythonJson, where: string, unsigned: string[]): PythonObject {
  if (!(value instanceof Map)) throw bad(`${where}: an object`)
  const content = value.get('content') ?? null
  const named = value.get('role')
  // The gateway takes a developer's message for a system's.
  const role = named === 'developer' ? 'system' : named
  const kept: PythonObject = new Map<string, PythonJson>([['role', role ?? null]])
  if (role === 'system' || role === 'tool' || role === 'function') kept.set('content', content)
  else if (role === 'user') kept.set('content', userContent(content, where, unsigned))
  else if (role === 'assistant') kept.set('content', isTruthy(content) ? content : '')
  else throw bad(`${where}.role: one that the gateway knows`)
  if (role === 'tool') kept.set('tool_call_id', value.get('tool_call_id') ?? null)
  if (role === 'function') kept.set('name', value.get('name') ?? null)
  if (role === 'assistant' && isTruthy(value.get('tool_calls')))
    kept.set('tool_calls', toolCalls(value.get('tool_calls')!, `${where}.tool_calls`))
  for (const key of value.keys()) if (!kept.has(key)) unsigned.push(`${where}.${key}`)
  return kept
}

/** Text as it is; of what is attached only its type and name. */
function userContent(content: PythonJson, where: string, unsigned: string[]): PythonJson {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) throw bad(`${where}.content: text or parts`)
  return content.map((part, i) => {
    if (!(part instanceof Map)) throw bad(`${where}.content[${i}]: an object`)
    const kept: PythonObject = new Map<string, PythonJson>([['type', part.get('type') ?? null]])
    if (part.get('type') === 'text') {
      const text = part.get('text')
      return kept.set('text', isTruthy(text) ? text! : '')
    }
    const file = part.get('file')
    const inner = file instanceof Map ? file.get('filename') : undefined
    const name = isTruthy(inner) ? inner : part.get('filename')
    if (isTruthy(name)) kept.set('filename', name!)
    unsigned.push(`${where}.content[${i}] (what is attached)`)
    return kept
  })
}

function toolCalls(value: PythonJson, where: string): PythonJson {
  if (!Array.isArray(value)) throw bad(`${where}: an array`)
  return value.map((call, i) => {
    if (!(call instanceof Map)) throw bad(`${where}[${i}]: an object`)
    const named = call.get('function')
    const inner: PythonObject = named instanceof Map ? named : new Map()
    return new Map<string, PythonJson>([
      ['id', call.get('id') ?? ''],
      ['type', call.get('type') ?? 'function'],
      [
        'function',
        new Map<string, PythonJson>([
          ['name', inner.get('name') ?? ''],
          ['arguments', inner.get('arguments') ?? ''],
        ]),
      ],
    ])
  })
}

function bad(expected: string): AnswerableError {
  return new AnswerableError('bad-format', `request: expected ${expected}`)
}
