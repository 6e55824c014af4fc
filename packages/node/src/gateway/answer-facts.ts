/** What an OpenAI answer says of itself: finish reason, usage, and the model that answered. Read, never changed. */

export interface AnswerFacts {
  finishReason?: string
  usage?: unknown
  model?: string
}

/** Larger answers are not parsed for this; their bytes are committed all the same. */
const MOST_BYTES = 4 << 20

export function factsOf(body: Buffer, mediaType: string): AnswerFacts {
  if (body.length > MOST_BYTES || !mediaType.startsWith('application/json')) return {}
  try {
    return factsIn(JSON.parse(body.toString()))
  } catch {
    return {}
  }
}

export function factsIn(answer: unknown): AnswerFacts {
  if (answer === null || typeof answer !== 'object') return {}
  const fields = answer as Record<string, unknown>
  const facts: AnswerFacts = {}
  const choices = Array.isArray(fields.choices) ? fields.choices : []
  for (const choice of choices.slice(0, 1)) {
    const reason = (choice as Record<string, unknown> | null)?.finish_reason
    if (typeof reason === 'string') facts.finishReason = reason.slice(0, 64)
  }
  if (facts.finishReason === undefined && typeof fields.status === 'string')
    facts.finishReason = fields.status.slice(0, 64)
  if (fields.usage !== null && typeof fields.usage === 'object' && JSON.stringify(fields.usage).length < 4096)
    facts.usage = fields.usage
  if (typeof fields.model === 'string') facts.model = fields.model.slice(0, 256)
  return facts
}

const DATA = Buffer.from('data:')
const MARKS = [
  '"finish_reason":"',
  '"finish_reason": "',
  '"usage":{',
  '"usage": {',
  '"response.completed"',
].map(mark => Buffer.from(mark))

/** Collects the facts of a stream from its events, parsing only those that can hold any. */
export class StreamFacts {
  readonly facts: AnswerFacts = {}

  add(event: Buffer): void {
    if (event.length > MOST_BYTES || !MARKS.some(mark => event.includes(mark))) return
    const start = event.indexOf(DATA)
    if (start === -1) return
    try {
      const data = JSON.parse(event.toString('utf8', start + DATA.length)) as Record<string, unknown>
      Object.assign(this.facts, factsIn(data))
      if (data.response !== undefined) Object.assign(this.facts, factsIn(data.response))
    } catch {
      // An event of several data lines, or not of JSON: its bytes are committed, and nothing is read from it.
    }
  }
}
