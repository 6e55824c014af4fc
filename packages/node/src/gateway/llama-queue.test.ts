/** The queue, the pauses and the faults of a model in this process, with a model that does as it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { GenerationEnd } from '../runtime/index.ts'
import type { AnswerHead, BackendCall, Sink } from './backend.ts'
import { type GgufModel, LlamaBackend } from './llama-backend.ts'

/** Says `word` for as long as it is asked to, or until it fails. */
class Parrot implements GgufModel {
  running = 0
  mostRunning = 0
  said = 0
  seeds: number[] = []
  fault: Error | undefined

  describe(): ReturnType<GgufModel['describe']> {
    const processor = { architecture: 'x64', model: 'none' }
    const runtime = { name: 'node-llama-cpp', version: '0', configuration: {}, processor } as const
    return { name: 'parrot', version: '1', manifest: 'a'.repeat(64), runtime }
  }

  textPrompt(): ReturnType<GgufModel['textPrompt']> {
    return { tokens: [1], stop: [], stopTokens: [] }
  }

  chatPrompt(): ReturnType<GgufModel['chatPrompt']> {
    return this.textPrompt()
  }

  async *generate(
    { maxTokens, seed }: Parameters<GgufModel['generate']>[0],
    signal: AbortSignal,
  ): AsyncGenerator<string, GenerationEnd> {
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    this.seeds.push(seed)
    try {
      for (let i = 0; i < maxTokens && !signal.aborted; i++) {
        await turn()
        if (this.fault !== undefined) throw this.fault
        this.said++
        yield 'word '
      }
      return { finish: 'length', tokens: maxTokens }
    } finally {
      this.running--
    }
  }

  async close(): Promise<void> {}
}

class Ear implements Sink {
  heads: AnswerHead[] = []
  chunks: Buffer[] = []
  outcome: 'none' | 'end' | Error = 'none'
  readonly over = Promise.withResolvers<void>()

  head(head: AnswerHead): void {
    this.heads.push(head)
  }
  data(chunk: Buffer): void {
    assert.equal(this.heads.length, 1)
    this.chunks.push(chunk)
  }
  end(): void {
    this.#finish('end')
  }
  error(error: Error): void {
    this.#finish(error)
  }
  #finish(outcome: 'end' | Error): void {
    assert.equal(this.outcome, 'none')
    this.outcome = outcome
    this.over.resolve()
  }
}

function call(fields: Record<string, unknown>): BackendCall {
  return {
    method: 'POST',
    path: '/v1/completions',
    headers: {},
    body: new Uint8Array(0),
    model: 'parrot',
    fields: { model: 'parrot', prompt: '', stream: true, temperature: 0, max_tokens: 5, ...fields },
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

test('a signed model is described with its manifest', async () => {
  const signed = {
    manifest: 'b'.repeat(64),
    file: 'tiny.gguf',
    signature: 'c'.repeat(64),
    signer: { mode: 'key', key: 'd'.repeat(64) },
  } as const
  const backend = new LlamaBackend(new Parrot(), { queue: 0, signed })
  assert.deepEqual(JSON.parse(backend.describe()).signed, signed)
  assert.deepEqual(backend.description.signed, signed)
  await backend.close()
})

test('one at a time, in order, and only so many wait', async () => {
  const model = new Parrot()
  const backend = new LlamaBackend(model, { queue: 2 })
  const order: number[] = []
  const ears = [0, 1, 2].map(i => {
    const ear = new Ear()
    const one = call({})
    backend.check(one)
    backend.send(one, ear)
    void ear.over.promise.then(() => order.push(i))
    return ear
  })
  assert.throws(() => backend.check(call({})), { code: 'too-many-requests' })
  await Promise.all(ears.map(ear => ear.over.promise))
  assert.deepEqual(order, [0, 1, 2])
  assert.ok(ears.every(ear => ear.outcome === 'end'))
  assert.equal(model.mostRunning, 1)
  backend.check(call({}))
})

test('without a queue a call is taken when the model is free', async () => {
  const backend = new LlamaBackend(new Parrot(), { queue: 0 })
  const ear = new Ear()
  backend.check(call({}))
  backend.send(call({}), ear)
  assert.throws(() => backend.check(call({})), { code: 'too-many-requests' })
  await ear.over.promise
  await turn()
  backend.check(call({}))
})

test('a paused call makes no more, and goes on where it was', async () => {
  const model = new Parrot()
  const backend = new LlamaBackend(model, { queue: 0 })
  const ear = new Ear()
  const exchange = backend.send(call({ max_tokens: 20 }), ear)
  await turns(5)
  exchange.pause()
  await turns(5)
  const { said } = model
  assert.ok(said > 0 && said < 20)
  await turns(50)
  assert.equal(model.said, said)
  exchange.pause()
  exchange.resume()
  await ear.over.promise
  assert.equal(model.said, 20)
})

test('an aborted call is heard of no more, waiting, running or paused, and the next one runs', async () => {
  for (const when of ['running', 'paused', 'waiting'] as const) {
    const model = new Parrot()
    const backend = new LlamaBackend(model, { queue: 2 })
    const first = new Ear()
    const before = backend.send(call({ max_tokens: when === 'waiting' ? 20 : 1e6 }), first)
    const second = new Ear()
    const waiting = backend.send(call({}), second)
    const third = new Ear()
    backend.send(call({}), third)
    await turns(5)
    if (when === 'paused') before.pause()
    const [ear, exchange] = when === 'waiting' ? [second, waiting] : [first, before]
    const heard = ear.chunks.length
    exchange.abort()
    exchange.abort()
    await third.over.promise
    assert.equal(third.outcome, 'end')
    assert.equal(ear.outcome, 'none', when)
    assert.equal(ear.chunks.length, heard, when)
    assert.equal(model.running, 0)
  }
})

test('a fault of the model is told to caller and operator, and the next call runs', async () => {
  const model = new Parrot()
  const reported: unknown[] = []
  const backend = new LlamaBackend(model, { queue: 1, report: error => reported.push(error) })
  model.fault = new Error('a fault')
  const ear = new Ear()
  backend.send(call({}), ear)
  await ear.over.promise
  assert.equal(ear.outcome, model.fault)
  assert.deepEqual(reported, [model.fault])
  model.fault = undefined
  const next = new Ear()
  backend.send(call({}), next)
  await next.over.promise
  assert.equal(next.outcome, 'end')
})

test('a seed comes from the caller, or from the record before anything is drawn', async () => {
  const model = new Parrot()
  const backend = new LlamaBackend(model, { queue: 8 })
  const recorded = Promise.withResolvers<number>()
  const asks: [Record<string, unknown>, BackendCall['seedFor']][] = [
    [{ temperature: 1, seed: 5 }, undefined],
    [{ temperature: 0 }, undefined],
    [{ temperature: 1 }, () => recorded.promise],
  ]
  const ears = asks.map(([fields, seedFor]) => {
    const ear = new Ear()
    backend.send({ ...call(fields), ...(seedFor && { seedFor }) }, ear)
    return ear
  })
  await ears[1]!.over.promise
  await turns(10)
  assert.deepEqual(model.seeds, [5, 0])
  assert.equal(ears[2]!.heads.length, 0)
  recorded.resolve(77)
  await ears[2]!.over.promise
  assert.deepEqual(model.seeds, [5, 0, 77])

  const refused = new Ear()
  const fault = new Error('the record is not durable')
  backend.send({ ...call({ temperature: 1 }), seedFor: () => Promise.reject(fault) }, refused)
  await refused.over.promise
  assert.equal(refused.outcome, fault)
  assert.equal(model.seeds.length, 3)
})

test('closing ends what runs and what waits', async () => {
  const backend = new LlamaBackend(new Parrot(), { queue: 4 })
  const ears = [new Ear(), new Ear()]
  for (const ear of ears) backend.send(call({ max_tokens: 1e6 }), ear)
  await turns(3)
  await backend.close()
  for (const { outcome } of ears) assert.equal((outcome as Error & { code: string }).code, 'unavailable')
})
