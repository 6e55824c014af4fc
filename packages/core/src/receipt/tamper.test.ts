/** Every byte of everything that a receipt holds, altered: which claim it touches, and what becomes of that claim. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped, type Made, suite, type Witness, World } from '../../test/fixture.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { portableSuite } from '../portable.ts'
import { DISCLOSURES } from '../statement/index.ts'
import { CLAIMS, type ClaimName, type Reason } from './claims.ts'
import { formatReceipt, parseReceipt, type Receipt } from './receipt.ts'
import { trustFrom } from './trust.ts'
import { Verifier } from './verify.ts'

/** Every owner must have cosigned, so that one witness fewer shows. */
const world = new World({ threshold: 3 })
const verifier = new Verifier(suite, world.trust)
const answer = world.answer()
const stream = world.stream()

/** Each byte altered in two ways: one bit, which moves along, and all bits. */
function* masks(bytes: Uint8Array): Generator<[at: number, altered: Uint8Array]> {
  for (let at = 0; at < bytes.length; at++) {
    yield [at, flipped(bytes, at, 1 << (at % 8))]
    yield [at, flipped(bytes, at, 0xff)]
  }
}

/** As a reader that is not strict would read it, so that bytes which are no text also reach the check. */
const lenient = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const asText =
  (alter: (receipt: Receipt, text: string) => Receipt) => (receipt: Receipt, bytes: Uint8Array) =>
    alter(receipt, lenient(bytes))

interface Part {
  name: string
  made: Made
  read: (receipt: Receipt) => Uint8Array
  write: (receipt: Receipt, altered: Uint8Array) => Receipt
  /** The claim that it touches, and what may come of it. */
  claim: ClaimName
  reasons: readonly Reason[]
  result?: 'fail'
}

const RECORD_GONE: readonly Reason[] = [
  'malformed-proof',
  'not-included',
  'unknown-log',
  'bad-log-signature',
  'bad-cosignature',
  'quorum-not-met',
]
const CLAIM_OF = {
  request: 'recorded',
  response: 'recorded',
  model: 'model',
  sampling: 'output',
  parties: 'accountability',
} as const

const PARTS: readonly Part[] = [
  {
    name: 'statement',
    made: answer,
    read: receipt => receipt.statement,
    write: (receipt, statement) => ({ ...receipt, statement }),
    claim: 'recorded',
    reasons: ['malformed-statement', 'not-included'],
    result: 'fail',
  },
  {
    name: 'proof',
    made: answer,
    read: receipt => utf8(receipt.proof),
    write: asText((receipt, proof) => ({ ...receipt, proof })),
    claim: 'recorded',
    reasons: RECORD_GONE,
  },
  {
    name: 'end statement of a stream',
    made: stream,
    read: receipt => receipt.statement,
    write: (receipt, statement) => ({ ...receipt, statement }),
    claim: 'recorded',
    reasons: ['malformed-statement', 'not-included'],
    result: 'fail',
  },
  {
    name: 'begin statement of a stream',
    made: stream,
    read: receipt => receipt.begin!.statement,
    write: (receipt, statement) => ({ ...receipt, begin: { ...receipt.begin!, statement } }),
    claim: 'recorded',
    reasons: ['malformed-statement', 'not-included'],
    result: 'fail',
  },
  {
    name: 'begin proof of a stream',
    made: stream,
    read: receipt => utf8(receipt.begin!.proof),
    write: asText((receipt, proof) => ({ ...receipt, begin: { ...receipt.begin!, proof } })),
    claim: 'recorded',
    reasons: RECORD_GONE,
  },
  ...[answer, stream].flatMap(made =>
    DISCLOSURES.map(
      (name): Part => ({
        name: `${name} disclosure of an ${made.statement.event}`,
        made,
        read: receipt => utf8(receipt.disclosures[name]!),
        write: asText((receipt, text) => ({
          ...receipt,
          disclosures: { ...receipt.disclosures, [name]: text },
        })),
        claim: CLAIM_OF[name],
        reasons: ['disclosure-altered'],
        result: 'fail',
      }),
    ),
  ),
  ...[answer, stream].flatMap(made =>
    (['request', 'response'] as const).map(
      (name): Part => ({
        name: `${name} bytes of an ${made.statement.event}`,
        made,
        read: receipt => receipt.content[name]!,
        write: (receipt, bytes) => ({ ...receipt, content: { ...receipt.content, [name]: bytes } }),
        claim: 'recorded',
        reasons: [`${name}-mismatch`],
        result: 'fail',
      }),
    ),
  ),
  ...(['node', 'charter', 'terms'] as const).map(
    (name): Part => ({
      name: `${name} document`,
      made: answer,
      read: receipt => receipt.documents[answer.statement[name]]!,
      write: (receipt, bytes) => ({
        ...receipt,
        documents: { ...receipt.documents, [answer.statement[name]]: bytes },
      }),
      claim: 'recorded',
      reasons: ['document-mismatch'],
      result: 'fail',
    }),
  ),
]

test('the receipts are good as they are', () => {
  for (const { receipt, request, response } of [answer, stream]) {
    const { claims, verdict, compared } = verifier.verify(receipt, { request, response })
    assert.deepEqual(
      CLAIMS.map(name => claims[name].result),
      ['pass', 'pass', 'not-checked', 'not-checked', 'not-checked', 'pass'],
    )
    assert.deepEqual([verdict.met, compared], [true, { request: 'same', response: 'same' }])
  }
})

for (const { name, made, read, write, claim, reasons, result } of PARTS) {
  test(`every byte of the ${name}: ${claim} does not pass`, () => {
    let count = 0
    for (const [at, altered] of masks(read(made.receipt))) {
      const { claims, verdict } = verifier.verify(write(made.receipt, altered))
      const where = `byte ${at}: ${claims[claim].sentence}`
      assert.notEqual(claims[claim].result, 'pass', where)
      assert.ok(reasons.includes(claims[claim].reason), `${claims[claim].reason}, ${where}`)
      if (result !== undefined) assert.equal(claims[claim].result, result, where)
      assert.equal(verdict.met, false, where)
      // What rests on a record that is not shown does not pass either.
      if (
        claim === 'recorded' &&
        reasons !== PARTS.at(-1)!.reasons &&
        claims.recorded.reason === 'not-included'
      )
        for (const other of CLAIMS) assert.notEqual(claims[other].result, 'pass', where)
      count++
    }
    assert.ok(count > 0)
  })
}

test('the bytes that a reader holds are compared as those that came along are', () => {
  for (const name of ['request', 'response'] as const) {
    for (const [at, altered] of masks(answer[name])) {
      // The copy in the receipt is good, and does not make up for it.
      const { claims, compared } = verifier.verify(answer.receipt, { [name]: altered })
      assert.equal(claims.recorded.reason, `${name}-mismatch`, `byte ${at}`)
      assert.match(claims.recorded.sentence, new RegExp(`The ${name} that you hold is not`))
      assert.equal(compared[name], 'different')
    }
  }
})

/** The signature line of a note as the specification has it, read without the code under test. */
function readLine(line: string): { name: string; keyId: string } | undefined {
  const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line)
  if (match === null) return undefined
  const bytes = Buffer.from(match[2]!, 'base64')
  const plain = ![...match[1]!].some(character => character < ' ')
  if (!plain || bytes.length < 5 || bytes.toString('base64') !== match[2]) return undefined
  return { name: match[1]!, keyId: bytes.toString('hex', 0, 4) }
}

const idOf = ({ name, keyId }: { name: string; keyId: number }) =>
  `${name} ${keyId.toString(16).padStart(8, '0')}`
const LOGS = new Set([world.log, world.registry].map(({ signer }) => idOf(signer.key)))
const WITNESSES = new Set(world.witnesses.map(({ signer }: Witness) => idOf(signer.key)))

type Expected = 'malformed' | 'text' | 'log-unknown' | 'log-wrong' | 'witness-unknown' | 'witness-wrong'

/** What a note with one byte changed is, by the specification: a line of a key that nobody knows is ignored. */
function expectedOf(original: string, altered: string): Expected {
  assert.notEqual(altered, original)
  const split = altered.lastIndexOf('\n\n')
  const good = original.lastIndexOf('\n\n')
  if (split !== good || !altered.endsWith('\n')) return 'malformed'
  if (altered.slice(0, split) !== original.slice(0, good)) return 'text'
  const lines = altered.slice(split + 2, -1).split('\n')
  const known = lines.map(line => readLine(line))
  if (known.includes(undefined)) return 'malformed'
  const ids = known.map(line => `${line!.name} ${line!.keyId}`)
  const at = lines.findIndex((line, i) => line !== original.slice(good + 2, -1).split('\n')[i])
  if (at === 0) return LOGS.has(ids[0]!) ? 'log-wrong' : 'log-unknown'
  return WITNESSES.has(ids[at]!) ? 'witness-wrong' : 'witness-unknown'
}

test('every byte of a checkpoint in a proof: exactly the outcome that the specification gives', () => {
  const { proof } = answer.receipt
  const start = proof.indexOf('\n\n') + 2
  const note = proof.slice(start)
  const lax = new World({ threshold: 2 })
  const laxVerifier = new Verifier(suite, lax.trust)
  const seen = new Map<Expected, number>()
  for (const [at, bytes] of masks(utf8(note))) {
    const altered = lenient(bytes)
    const expected = expectedOf(note, altered)
    seen.set(expected, (seen.get(expected) ?? 0) + 1)
    const receipt = { ...answer.receipt, proof: proof.slice(0, start) + altered }
    const { reason } = verifier.verify(receipt).claims.recorded
    const where = `byte ${at} of the checkpoint, ${expected}`
    if (expected === 'text') {
      const origin = altered.startsWith(`${world.log.origin}\n`)
      const allowed = ['malformed-proof', origin ? 'bad-log-signature' : 'unknown-log']
      assert.ok(allowed.includes(reason), `${reason}, ${where}`)
      continue
    }
    assert.equal(reason, REASON_OF[expected], where)
    if (expected !== 'witness-unknown') continue
    // Two of three owners are enough there: the record stands, and the third is not counted.
    const { claims, record } = laxVerifier.verify(receipt)
    assert.equal(claims.recorded.result, 'pass', where)
    assert.deepEqual([record!.witnesses.length, record!.owners.filter(owner => owner.reached).length], [2, 2])
  }
  for (const expected of Object.keys(REASON_OF)) assert.ok(seen.has(expected as Expected), expected)
})

const REASON_OF: Record<Exclude<Expected, 'text'>, Reason> = {
  malformed: 'malformed-proof',
  'log-unknown': 'unknown-log',
  'log-wrong': 'bad-log-signature',
  'witness-unknown': 'quorum-not-met',
  'witness-wrong': 'bad-cosignature',
}

test('every byte of the registry checkpoint: it is refused, or no longer says since when', () => {
  const note = answer.receipt.registryCheckpoint!
  for (const [at, bytes] of masks(utf8(note))) {
    const registryCheckpoint = lenient(bytes)
    const expected = expectedOf(note, registryCheckpoint)
    const { claims, record } = verifier.verify({ ...answer.receipt, registryCheckpoint })
    const where = `byte ${at}, ${expected}`
    if (expected === 'log-unknown' || expected === 'witness-unknown') {
      assert.equal(claims.recorded.result, 'pass', where)
      assert.equal(record!.interval.from, undefined, where)
    } else {
      assert.equal(claims.recorded.reason, 'registry-checkpoint-mismatch', where)
      assert.equal(claims.recorded.result, 'fail', where)
    }
  }
})

test('every byte of the keys in the policy: no key reads as another one', () => {
  for (const vkey of world.policy.match(/\S+\+[0-9a-f]{8}\+\S+/g)!) {
    const start = world.policy.indexOf(vkey)
    for (const [at, altered] of masks(utf8(vkey))) {
      const policy = Buffer.concat([
        utf8(world.policy.slice(0, start)),
        altered,
        utf8(world.policy.slice(start + vkey.length)),
      ])
      assert.throws(
        () => trustFrom([{ name: 'altered', policy: lenient(policy) }], suite),
        (error: unknown) =>
          error instanceof AnswerableError && ['bad-vkey', 'bad-policy', 'not-utf8'].includes(error.code),
        `byte ${at} of ${vkey}`,
      )
    }
  }
})

test('every byte of a receipt’s JSON: refused, or what passes is part of the original', () => {
  for (const { receipt } of [answer, stream]) {
    const bytes = utf8(formatReceipt(receipt))
    const original = parseReceipt(bytes) as unknown as Record<string, object>
    for (let at = 0; at < bytes.length; at++) {
      const altered = flipped(bytes, at, 1 << (at % 8))
      let read: Receipt
      try {
        read = parseReceipt(altered)
      } catch (error) {
        assert.ok(error instanceof AnswerableError, `byte ${at}: ${error}`)
        continue
      }
      if (!verifier.verify(read).verdict.met) continue
      for (const [field, value] of Object.entries(read)) {
        // Its signature lines have a test of their own.
        if (field === 'registryCheckpoint') continue
        const left = typeof value === 'object' && Object.keys(value).length === 0
        if (!left) assert.deepEqual(value, original[field], `byte ${at}, ${field}`)
      }
    }
  }
})

test('any change of any part is noticed, also by more than one byte', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PARTS),
      fc.nat(),
      fc.nat(40),
      fc.uint8Array({ maxLength: 40 }),
      ({ made, read, write, claim }, at, removed, inserted) => {
        const bytes = read(made.receipt)
        const start = at % (bytes.length + 1)
        const altered = Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)])
        if (altered.equals(bytes)) return
        const { claims, verdict } = verifier.verify(write(made.receipt, new Uint8Array(altered)))
        assert.notEqual(claims[claim].result, 'pass')
        assert.equal(verdict.met, false)
      },
    ),
    { numRuns: 2000, seed: 1 },
  )
})

test('extra data of a proof is opaque and nobody’s word: it changes nothing', () => {
  const proof = answer.receipt.proof.replace('\nindex ', '\nextra c3RyYW5nZXI=\nindex ')
  const { claims } = verifier.verify({ ...answer.receipt, proof })
  assert.deepEqual(claims, verifier.verify(answer.receipt).claims)
})

test('the portable suite and OpenSSL’s agree on everything, altered or not', () => {
  const portable = new Verifier(portableSuite, world.trust)
  const agree = (receipt: Receipt) => assert.deepEqual(portable.verify(receipt), verifier.verify(receipt))
  for (const made of [answer, stream, world.begin(), world.stream('interrupted')]) agree(made.receipt)
  for (const { made, read, write } of PARTS) {
    const bytes = read(made.receipt)
    for (let at = 0; at < bytes.length; at += 29)
      agree(write(made.receipt, flipped(bytes, at, 1 << (at % 8))))
  }
  assert.equal(fromUtf8(utf8(answer.receipt.proof)), answer.receipt.proof)
})
