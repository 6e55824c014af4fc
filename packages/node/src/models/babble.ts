/**
 * A language model of nothing at all, made of random numbers: it strings letters together. For drills that need some GGUF
 * file on any machine. The same bytes every time.
 *
 * Tokens are single characters, so that a text can be cut into them in one way only. The first element of every embedding
 * is one large number that no layer changes: by it, tokens that are no letters are never chosen.
 */
import { F32, type GgufEntry, type GgufTensor, writeGguf } from './gguf-file.ts'
import { Prng } from './prng.ts'

const WIDTH = 64
const FEED_FORWARD = 128
const LAYERS = 2
const HEADS = 4
const CONTEXT = 512
const LETTERS = '▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,'
const CONSTANT = 8
/** Of weights that say which letter comes next: so that some letters are clearly likelier than others. */
const SHARPNESS = 0.5
const [UNKNOWN, CONTROL, BYTE, NORMAL] = [2, 3, 6, 1]

export function babbleGguf(seed = 1): Uint8Array {
  const tokens = [
    ['<unk>', UNKNOWN],
    ['<s>', CONTROL],
    ['</s>', CONTROL],
    ...Array.from({ length: 256 }, (_, i) => [`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, BYTE]),
    ...Array.from(LETTERS, letter => [letter, NORMAL]),
  ] as [string, number][]
  const isLetter = (token: number) => tokens[token]![1] === NORMAL
  const random = new Prng(seed)
  /** `rows` of `length`; weights come from `make`. */
  const matrix = (name: string, length: number, rows: number, make: (row: number, at: number) => number) => {
    const data = new Float32Array(length * rows)
    for (let row = 0; row < rows; row++)
      for (let at = 0; at < length; at++) data[row * length + at] = make(row, at)
    return tensor(name, [length, rows], data)
  }
  const spread = (by: number) => () => by * random.normal()
  /** What writes into the embedding leaves its first element alone. */
  const into = (by: number) => (row: number) => (row === 0 ? 0 : by * random.normal())
  const vector = (name: string) => tensor(name, [WIDTH], new Float32Array(WIDTH).fill(1))
  const tensors = [
    matrix('token_embd.weight', WIDTH, tokens.length, (_, at) => (at === 0 ? CONSTANT : random.normal())),
    vector('output_norm.weight'),
    matrix('output.weight', WIDTH, tokens.length, (token, at) => {
      if (isLetter(token)) return at === 0 ? 0 : SHARPNESS * random.normal()
      return at === 0 ? -CONSTANT : 0
    }),
  ]
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`
    const by = 1 / Math.sqrt(WIDTH)
    tensors.push(
      vector(name('attn_norm')),
      matrix(name('attn_q'), WIDTH, WIDTH, spread(by)),
      matrix(name('attn_k'), WIDTH, WIDTH, spread(by)),
      matrix(name('attn_v'), WIDTH, WIDTH, spread(by)),
      matrix(name('attn_output'), WIDTH, WIDTH, into(by)),
      vector(name('ffn_norm')),
      matrix(name('ffn_gate'), WIDTH, FEED_FORWARD, spread(by)),
      matrix(name('ffn_up'), WIDTH, FEED_FORWARD, spread(by)),
      matrix(name('ffn_down'), FEED_FORWARD, WIDTH, into(1 / Math.sqrt(FEED_FORWARD))),
    )
  }
  return writeGguf({ version: 3, metadata: metadataOf(tokens), tensors })
}

function metadataOf(tokens: readonly [string, number][]): GgufEntry[] {
  return [
    text('general.architecture', 'llama'),
    text('general.name', 'babble'),
    whole('llama.context_length', CONTEXT),
    whole('llama.embedding_length', WIDTH),
    whole('llama.block_count', LAYERS),
    whole('llama.feed_forward_length', FEED_FORWARD),
    whole('llama.attention.head_count', HEADS),
    whole('llama.rope.dimension_count', WIDTH / HEADS),
    entry('llama.attention.layer_norm_rms_epsilon', FLOAT32, float32(1e-5)),
    text('tokenizer.ggml.model', 'llama'),
    list(
      'tokenizer.ggml.tokens',
      STRING,
      tokens.map(([token]) => string(token)),
    ),
    list(
      'tokenizer.ggml.scores',
      FLOAT32,
      tokens.map(() => float32(0)),
    ),
    list(
      'tokenizer.ggml.token_type',
      INT32,
      tokens.map(([, type]) => uint32(type)),
    ),
    whole('tokenizer.ggml.unknown_token_id', 0),
    whole('tokenizer.ggml.bos_token_id', 1),
    whole('tokenizer.ggml.eos_token_id', 2),
  ]
}

const [UINT32, INT32, FLOAT32, STRING, ARRAY] = [4, 5, 6, 8, 9]

function entry(key: string, type: number, bytes: Uint8Array): GgufEntry {
  return { key, type, bytes }
}

function whole(key: string, value: number): GgufEntry {
  return entry(key, UINT32, uint32(value))
}

function text(key: string, value: string): GgufEntry {
  return entry(key, STRING, string(value))
}

function list(key: string, type: number, values: readonly Uint8Array[]): GgufEntry {
  return entry(key, ARRAY, Buffer.concat([uint32(type), uint64(values.length), ...values]))
}

function tensor(name: string, dimensions: number[], weights: Float32Array): GgufTensor {
  return { name, dimensions, type: F32, data: Buffer.concat(Array.from(weights, float32)) }
}

function string(value: string): Uint8Array {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint64(bytes.length), bytes])
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function float32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
