import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type ByteSource, bytesSource, MAX_HEADER_BYTES } from './byte-source.ts'
import { formatOf, MODEL_FORMATS, readModelHeader } from './header.ts'

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}
const text = (value: string) => concat(u64(utf8(value).length), utf8(value))
const entry = (key: string, type: number, value: Uint8Array) => concat(text(key), u32(type), value)
const tensor = (name: string, shape: number[], type: number) =>
  concat(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(0))

function gguf(entries: Uint8Array[], tensors: Uint8Array[]): Uint8Array {
  return concat(utf8('GGUF'), u32(3), u64(tensors.length), u64(entries.length), ...entries, ...tensors)
}

const GGUF = gguf(
  [
    entry('general.architecture', 8, text('llama')),
    entry('general.license', 8, text('mit')),
    entry('general.file_type', 4, u32(15)),
    entry('llama.rope.freq_base', 6, new Uint8Array(Float32Array.of(10_000).buffer)),
    entry('tokenizer.ggml.tokens', 9, concat(u32(8), u64(2), text('a'), text('b'))),
    entry('tokenizer.ggml.scores', 9, concat(u32(6), u64(3), new Uint8Array(12))),
    entry('nested', 9, concat(u32(9), u64(1), u32(0), u64(2), new Uint8Array(2))),
    entry('last', 7, Uint8Array.of(1)),
  ],
  [tensor('embd', [64, 512], 0), tensor('blk.0', [64, 64], 12), tensor('blk.1', [64, 64], 12)],
)

/** Protobuf: a field of bytes, a field of a number. */
const bytesField = (field: number, ...parts: Uint8Array[]) => {
  const bytes = concat(...parts)
  return concat(varint(field * 8 + 2), varint(bytes.length), bytes)
}
const numberField = (field: number, value: number) => concat(varint(field * 8), varint(value))
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Uint8Array.of(...bytes, value)
}
const dimension = (size: number | string) =>
  bytesField(1, typeof size === 'number' ? numberField(1, size) : bytesField(2, utf8(size)))
const value = (field: number, name: string, element: number, shape: (number | string)[]) =>
  bytesField(
    field,
    bytesField(1, utf8(name)),
    bytesField(2, bytesField(1, numberField(1, element), bytesField(2, ...shape.map(dimension)))),
  )

function onnx(weights = new Uint8Array(100)): Uint8Array {
  return concat(
    numberField(1, 8),
    bytesField(2, utf8('pytorch')),
    bytesField(3, utf8('2.3')),
    numberField(5, 7),
    bytesField(
      7,
      bytesField(1, bytesField(4, utf8('MatMul'))),
      bytesField(1, bytesField(4, utf8('Add'))),
      bytesField(2, utf8('main')),
      bytesField(5, bytesField(9, weights)),
      value(11, 'x', 1, ['batch', 20]),
      value(12, 'y', 9, [1]),
    ),
    bytesField(8, numberField(2, 17)),
    bytesField(8, bytesField(1, utf8('ai.onnx.ml')), numberField(2, 3)),
    bytesField(14, bytesField(1, utf8('license')), bytesField(2, utf8('Apache-2.0'))),
  )
}

function safetensors(header: unknown, data = 24, json = JSON.stringify(header)): Uint8Array {
  const bytes = utf8(json)
  return concat(u64(bytes.length), bytes, new Uint8Array(data))
}
const SAFETENSORS = {
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
  b: { dtype: 'BF16', shape: [4], data_offsets: [16, 24] },
}

const read = (name: string, bytes: Uint8Array, size?: number) =>
  readModelHeader(name, bytesSource(bytes, size))
const refused = (name: string, bytes: Uint8Array, message: RegExp) =>
  assert.throws(
    () => read(name, bytes),
    error => error instanceof AnswerableError && error.code === 'bad-model' && message.test(error.message),
  )

test('GGUF: metadata, architecture, quantisation, tensors and weights', () => {
  const header = read('model.bin', GGUF)
  assert.ok(header.format === 'gguf' && header.complete)
  const { architecture, quantisation, tensors, parameters } = header
  assert.deepEqual(
    [architecture, quantisation, tensors, parameters],
    ['llama', 'Q4_K_M', 3, 64 * 512 + 2 * 4096],
  )
  assert.deepEqual({ ...header.tensorTypes }, { F32: 1, Q4_K: 2 })
  assert.equal(header.metadata['general.license'], 'mit')
  assert.equal(header.metadata['tokenizer.ggml.tokens'], '2 values')
  assert.equal(header.metadata.nested, '1 values')
  assert.equal(header.metadata.last, true)
})

test('GGUF: the first bytes alone give what is in them, and say that there is more', () => {
  for (const length of [24, 100, 200, GGUF.length - 1]) {
    const header = read('x.gguf', GGUF.subarray(0, length), GGUF.length)
    assert.ok(header.format === 'gguf' && !header.complete && header.tensors === 3, String(length))
  }
})

test('ONNX: versions, producer, inputs and outputs, with weights passed over', () => {
  const header = read('x.onnx', onnx(new Uint8Array(200_000)))
  assert.ok(header.format === 'onnx' && header.complete)
  assert.deepEqual(
    [header.irVersion, header.producer, header.producerVersion, header.graph],
    [8, 'pytorch', '2.3', 'main'],
  )
  assert.deepEqual([header.operators, header.tensors, header.modelVersion], [2, 1, 7])
  assert.deepEqual(header.inputs, [{ name: 'x', type: 'FLOAT', shape: ['batch', 20] }])
  assert.deepEqual(header.outputs, [{ name: 'y', type: 'BOOL', shape: [1] }])
  assert.deepEqual(header.opsets, [
    { domain: '', version: 17 },
    { domain: 'ai.onnx.ml', version: 3 },
  ])
  assert.equal(header.metadata.license, 'Apache-2.0')
})

test('safetensors: tensors, types and metadata', () => {
  const header = read('x.safetensors', safetensors(SAFETENSORS))
  assert.ok(header.format === 'safetensors')
  assert.deepEqual([header.tensors, header.parameters], [2, 8])
  assert.deepEqual({ ...header.tensorTypes }, { F32: 1, BF16: 1 })
  assert.equal(header.metadata.format, 'pt')
})

test('what is not a model, or claims what cannot be', () => {
  refused('x.txt', utf8('hello'), /neither/)
  refused('x.onnx', utf8('hello, this is a text'), /not an ONNX|longer/)
  refused('x.onnx', new Uint8Array(0), /not an ONNX/)
  refused('x.onnx', numberField(1, 8), /not an ONNX/)
  refused('x.onnx', concat(onnx(), onnx()), /one graph/)
  refused('x.gguf', utf8('GGUF'), /longer than the file/)
  refused('x.gguf', concat(utf8('GGUF'), u32(1)), /version 1/)
  refused('x.gguf', concat(utf8('GGUF'), u32(3), u64(2n ** 63n), u64(1)), /more than any model has/)
  refused('x.gguf', gguf([concat(u64(2n ** 40n))], []), /a name of/)
  refused('x.gguf', gguf([entry('k', 99, u32(0))], []), /unknown type/)
  refused('x.gguf', gguf([entry('k', 9, concat(u32(8), u64(2n ** 60n)))], []), /longer than the file/)
  refused('x.gguf', gguf([entry('k', 9, concat(u32(0), u64(2n ** 60n)))], []), /longer than the file/)
  refused('x.safetensors', u64(2n ** 60n), /a header of/)
  refused('x.safetensors', safetensors(SAFETENSORS, 25), /no tensor/)
  refused('x.safetensors', safetensors(SAFETENSORS, 23), /within the file/)
  refused('x.safetensors', safetensors({ ...SAFETENSORS, b: SAFETENSORS.a }), /leave out or share/)
  refused(
    'x.safetensors',
    safetensors({ ...SAFETENSORS, a: { dtype: 'F32', shape: [-1], data_offsets: [0, 16] } }),
    /integer/,
  )
  refused('x.safetensors', safetensors({}, 0, '[]'), /no JSON object/)
  refused('x.safetensors', safetensors({}, 0, '{"a":1,"a":2}'), /there twice/)
})

/** What a source was asked for, in all, and at once. */
function counting(source: ByteSource): ByteSource & { bytes: number; most: number } {
  const counted = {
    size: source.size,
    bytes: 0,
    most: 0,
    read(at: number, length: number) {
      counted.bytes += length
      counted.most = Math.max(counted.most, length)
      return source.read(at, length)
    },
  }
  return counted
}

test('hostile headers of huge files are bounded in what is read and how long it takes', () => {
  const period = concat(u64(0), text('x'))
  /** A file of many gigabytes made of one pattern, so that every length finds its bytes. */
  const endless = (head: Uint8Array, pattern: Uint8Array): ByteSource => ({
    size: 2 ** 50,
    read(at, length) {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i++) {
        const place = at + i
        bytes[i] = place < head.length ? head[place]! : pattern[(place - head.length) % pattern.length]!
      }
      return bytes
    },
  })
  const strings = concat(utf8('GGUF'), u32(3), u64(1), u64(1), text('k'), u32(9), u32(8), u64(2n ** 45n))
  const names = concat(utf8('GGUF'), u32(3), u64(1_048_576), u64(0))
  const nodes = concat(numberField(1, 8), varint(7 * 8 + 2), varint(2 ** 49))
  const jumps = concat(varint(5 * 8 + 2), varint(100_000), new Uint8Array(100_000))
  const cases: [string, ByteSource][] = [
    ['x.gguf', endless(strings, period)],
    ['x.gguf', endless(strings, u64(2 ** 20))],
    ['x.gguf', endless(names, u64(2 ** 16 - 1))],
    ['x.onnx', endless(nodes, concat(varint(8 + 2), varint(0)))],
    ['x.onnx', endless(nodes, jumps)],
    ['x.onnx', endless(numberField(1, 8), numberField(9, 1))],
  ]
  for (const [name, source] of cases) {
    const counted = counting(source)
    const started = performance.now()
    try {
      assert.equal(readModelHeader(name, counted).complete, false)
    } catch (error) {
      assert.ok(error instanceof AnswerableError && error.code === 'bad-model', String(error))
    }
    assert.ok(counted.bytes <= 2 * MAX_HEADER_BYTES, `${name}: read ${counted.bytes}`)
    assert.ok(counted.most <= 64 * 1024, `${name}: ${counted.most} at once`)
    // Generous: it takes about a second.
    assert.ok(performance.now() - started < 30_000, name)
  }
})

test('any bytes behind any beginning end in a header or in bad-model', () => {
  const heads = [GGUF, onnx(), safetensors(SAFETENSORS), new Uint8Array(0), GGUF.subarray(0, 24)]
  const flips = fc.array(fc.tuple(fc.nat(1 << 16), fc.nat(255)), { maxLength: 8 })
  fc.assert(
    fc.property(
      fc.constantFrom(...MODEL_FORMATS),
      fc.constantFrom(...heads),
      flips,
      fc.uint8Array({ maxLength: 64 }),
      fc.nat(300),
      (format, head, changes, tail, cut) => {
        const bytes = concat(head, tail).slice(0, head.length + tail.length - Math.min(cut, head.length))
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
        const counted = counting(bytesSource(bytes))
        try {
          readModelHeader(`x.${format}`, counted)
        } catch (error) {
          assert.ok(error instanceof AnswerableError && error.code === 'bad-model', String(error))
        }
        assert.ok(counted.most <= 64 * 1024)
      },
    ),
    { numRuns: 3000 },
  )
})

test('formats by name, and GGUF by its first bytes', () => {
  const none = new Uint8Array(0)
  assert.equal(formatOf('a.ONNX', none), 'onnx')
  assert.equal(formatOf('a.safetensors', none), 'safetensors')
  assert.equal(formatOf('blob', utf8('GGUF')), 'gguf')
  assert.equal(formatOf('README.md', none), undefined)
})

test('a real GGUF model', t => {
  const file = new URL('../../../../../shared/models/stories260K.gguf', import.meta.url)
  if (!existsSync(file)) return t.skip('shared/models is not here')
  const header = read('stories260K.gguf', readFileSync(file))
  assert.ok(header.format === 'gguf' && header.complete)
  assert.deepEqual(
    [header.architecture, header.quantisation, header.tensors, header.parameters],
    ['llama', 'F32', 47, 260_032],
  )
})
