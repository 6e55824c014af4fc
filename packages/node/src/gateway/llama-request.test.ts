import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHAT_PATH, COMPLETION_PATH, type Fields, needsSeed, readLlamaRequest } from './llama-request.ts'

const messages = [{ role: 'user', content: 'Hi' }]
const chat = (fields: Fields) => readLlamaRequest(CHAT_PATH, { model: 'm', messages, ...fields })
const completion = (fields: Fields) =>
  readLlamaRequest(COMPLETION_PATH, { model: 'm', prompt: 'Hi', ...fields })

test('a call that says nothing gets the defaults', () => {
  const defaults = {
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    stop: [],
    seed: undefined,
    stream: false,
    includeUsage: false,
  }
  const { messages: read, maxTokens, ...rest } = chat({})
  assert.deepEqual(read, [{ role: 'user', text: 'Hi' }])
  assert.equal(maxTokens, Number.MAX_SAFE_INTEGER)
  assert.deepEqual(rest, { ...defaults, kind: 'chat', prompt: '' })
  const expected = { ...defaults, kind: 'completion', prompt: 'Hi', messages: [], maxTokens: 16 }
  assert.deepEqual(completion({}), expected)
  const nulls = { temperature: null, top_p: null, seed: null, stop: null, tools: null, n: null, stream: null }
  assert.deepEqual(completion(nulls), expected)
})

test('what is set is read', () => {
  const request = chat({
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: 'c', tool_calls: [] },
    ],
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    max_tokens: 7,
    max_completion_tokens: 5,
    stop: 'x',
    seed: 12,
    stream: true,
    stream_options: { include_usage: true },
    user: 'u',
    metadata: {},
  })
  assert.deepEqual(request, {
    kind: 'chat',
    messages: [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'ab' },
      { role: 'assistant', text: 'c' },
    ],
    prompt: '',
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    minP: 0.05,
    maxTokens: 5,
    stop: ['x'],
    seed: 12,
    stream: true,
    includeUsage: true,
  })
  assert.equal(completion({ prompt: ['one'] }).prompt, 'one')
})

test('what it cannot do is refused by name', () => {
  const table: [Fields, string][] = [
    [{ tools: [{ type: 'function' }] }, 'tools'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ functions: [{}] }, 'functions'],
    [{ response_format: { type: 'json_object' } }, 'response_format'],
    [{ response_format: { type: 'json_schema', json_schema: {} } }, 'response_format'],
    [{ n: 2 }, 'n'],
    [{ best_of: 3 }, 'best_of'],
    [{ logprobs: true }, 'logprobs'],
    [{ logprobs: 0 }, 'logprobs'],
    [{ top_logprobs: 5 }, 'top_logprobs'],
    [{ logit_bias: { 5: 1 } }, 'logit_bias'],
    [{ frequency_penalty: 0.1 }, 'frequency_penalty'],
    [{ presence_penalty: -1 }, 'presence_penalty'],
    [{ echo: true }, 'echo'],
    [{ suffix: 'x' }, 'suffix'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ reasoning_effort: 'high' }, 'reasoning_effort'],
    [{ temperature: -0.1 }, 'temperature'],
    [{ temperature: '1' }, 'temperature'],
    [{ top_p: 1.1 }, 'top_p'],
    [{ top_k: 1.5 }, 'top_k'],
    [{ min_p: 2 }, 'min_p'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_completion_tokens: 1.5 }, 'max_completion_tokens'],
    [{ seed: -1 }, 'seed'],
    [{ seed: 0xffffffff }, 'seed'],
    [{ stop: '' }, 'stop'],
    [{ stop: [1] }, 'stop'],
    [{ stop: Array(17).fill('a') }, 'stop'],
    [{ stream: 'yes' }, 'stream'],
    [{ stream_options: { include_usage: 1 } }, 'include_usage'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'Hi' }, 'messages'],
    [{ messages: [null] }, 'messages[0]'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: null }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content[0]'],
    [{ messages: [{ role: 'assistant', content: '', tool_calls: [{}] }] }, 'messages[0].tool_calls'],
  ]
  const starts = (name: string) => (error: Error & { code?: string }) =>
    error.code === 'bad-request' && error.message.startsWith(`${name}: `)
  for (const [fields, name] of table) assert.throws(() => chat(fields), starts(name), JSON.stringify(fields))
  for (const prompt of [undefined, 7, ['a', 'b'], [[1, 2]], [1, 2]])
    assert.throws(() => completion({ prompt }), starts('prompt'), JSON.stringify(prompt))
})

test('what asks for nothing is no reason to refuse', () => {
  chat({
    tools: [],
    tool_choice: 'auto',
    functions: [],
    response_format: { type: 'text' },
    n: 1,
    logprobs: false,
    logit_bias: {},
    frequency_penalty: 0,
    presence_penalty: 0,
    modalities: ['text'],
  })
  completion({ best_of: 1, echo: false, suffix: '' })
})

test('a seed is derived for what is drawn without one', () => {
  assert.equal(needsSeed({}), true)
  assert.equal(needsSeed({ seed: null }), true)
  assert.equal(needsSeed({ seed: 0 }), false)
  assert.equal(needsSeed({ temperature: 0 }), false)
  assert.equal(needsSeed({ temperature: 0.1 }), true)
})
