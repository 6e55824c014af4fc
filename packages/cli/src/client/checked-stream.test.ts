/** Streams stay streams: back-pressure, whole events, and what waits for the check. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8 } from '@answerable/core'
import { Pieces } from './bounded.ts'
import { checkedStream, type StreamHandlers } from './checked-stream.ts'

const EVENTS = ['data: 1\n\n', 'data: 2\r\n\r\n', ': note\n\n', 'data: [DONE]\n\n']
const quiet: StreamHandlers = {
  ended: async () => undefined,
  broken: async error => error,
  cancelled: () => undefined,
}

function open(chunks: Iterable<string>, handlers: Partial<StreamHandlers> = {}, events = true, most = 1000) {
  const pulled = { count: 0, cancelled: undefined as unknown }
  const iterator = chunks[Symbol.iterator]()
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = iterator.next()
        if (done === true) return controller.close()
        pulled.count++
        controller.enqueue(utf8(value))
      },
      cancel(reason) {
        pulled.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  const pieces = new Pieces(most)
  const stream = checkedStream(body, { events, pieces, idleMs: 100 }, { ...quiet, ...handlers })
  return { stream, pieces, pulled, reader: stream.getReader() }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string[]> {
  const read: string[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return read
    read.push(Buffer.from(value).toString())
  }
}

describe('a checked stream', () => {
  it('reads nothing that was not asked for', async () => {
    const { reader, pulled } = open(EVENTS)
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(pulled.count, 0)
    await reader.read()
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(pulled.count, 1)
  })

  it('hands on every byte, however they are cut', async () => {
    const text = EVENTS.join('')
    for (let size = 1; size <= text.length; size++) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g'))!
      const { reader, pieces } = open(chunks)
      assert.equal((await readAll(reader)).join(''), text)
      assert.equal(Buffer.from(pieces.bytes()).toString(), text)
    }
  })

  it('holds the closing event until the check has passed', async () => {
    const order: string[] = []
    const { reader } = open(EVENTS, { ended: async () => void order.push('checked') })
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      order.push(Buffer.from(value).toString())
    }
    assert.deepEqual(order, [...EVENTS.slice(0, 3), 'checked', EVENTS[3]])
  })

  it('never hands it on where the check fails', async () => {
    const error = new Error('rejected')
    const { reader } = open(EVENTS, { ended: () => Promise.reject(error) })
    const read: string[] = []
    await assert.rejects(async () => {
      for (;;) read.push(Buffer.from((await reader.read()).value!).toString())
    }, error)
    assert.deepEqual(read, EVENTS.slice(0, 3))
  })

  for (const last of [
    'data:[DONE]',
    'event: response.completed\ndata: {}',
    'event: response.failed\r\ndata: 1',
  ])
    it(`knows ${JSON.stringify(last)} for a closing event`, async () => {
      let seen = 0
      const { reader } = open([`${last}\n\n`], { ended: async () => void assert.equal(seen, 0) })
      for (const _ of await readAll(reader)) seen++
      assert.equal(seen, 1)
    })

  it('goes on after what only looked like the closing event', async () => {
    const { reader } = open(['data: [DONE]\n\n', 'data: 2\n\n'])
    assert.deepEqual(await readAll(reader), ['data: [DONE]\n\ndata: 2\n\n'])
  })

  it('a body that is no event stream passes as it comes', async () => {
    const { reader } = open(['{"a":', '1}'], {}, false)
    assert.deepEqual(await readAll(reader), ['{"a":', '1}'])
  })

  it('what the caller does to its bytes does not change what is checked', async () => {
    const { reader, pieces } = open(EVENTS)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      value.fill(0)
    }
    assert.equal(Buffer.from(pieces.bytes()).toString(), EVENTS.join(''))
  })

  it('a caller who cancels stops the body', async () => {
    const told: unknown[] = []
    const { reader, pulled } = open(EVENTS, { cancelled: reason => void told.push(reason) })
    await reader.read()
    await reader.cancel('enough')
    assert.deepEqual([told, pulled.cancelled], [['enough'], 'enough'])
  })

  it('too many bytes, silence, and a body that breaks are all told to the owner', async () => {
    function* breaking(): Generator<string> {
      yield EVENTS[0]!
      throw new TypeError('terminated')
    }
    const many = open(EVENTS, {}, true, 12)
    await assert.rejects(readAll(many.reader), { code: 'too-large' })
    assert.notEqual(many.pulled.cancelled, undefined)
    await assert.rejects(readAll(open(breaking()).reader), TypeError)
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
    const stream = checkedStream(silent, { events: true, pieces: new Pieces(9), idleMs: 20 }, quiet)
    await assert.rejects(readAll(stream.getReader()), { code: 'upstream-timeout' })
  })
})
