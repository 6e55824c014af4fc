/** Every answer that tlog-witness defines. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { toBase64, utf8 } from '@answerable/core'
import {
  asNote,
  formatNote,
  SIG_COSIGNATURE_MLDSA44,
  signerVkey,
  signNote,
  verifierKey,
} from '@answerable/core/note'
import { parseCosignatures, verifyCosignature } from '@answerable/core/tlog'
import { entries, newCosigner, newSigner, newWitness, suite, Tree } from './fixtures.test.ts'
import { originId, WitnessState } from './state.ts'
import { MAX_WITNESS_BODY, Witness } from './witness.ts'

const logSigner = newSigner('log.example/one')
const tree = new Tree(logSigner, entries(40))
const fork = new Tree(logSigner, entries(40, 'other'))

function cosigned(size: number, clock?: () => number) {
  const made = newWitness('witness.example/w', [logSigner], clock)
  if (size >= 0) assert.equal(made.witness.addCheckpoint(tree.body(0, size)).status, 200)
  return made
}

test('the first checkpoint, later ones and the same again are cosigned', () => {
  const { witness, cosigner } = cosigned(-1)
  const steps: [number, number][] = [
    [0, 0],
    [0, 3],
    [3, 3],
    [3, 4],
    [4, 11],
    [11, 40],
  ]
  for (const [oldSize, size] of steps) {
    const answer = witness.addCheckpoint(tree.body(oldSize, size))
    assert.equal(answer.status, 200, answer.body)
    const signatures = parseCosignatures(answer.body)
    assert.equal(signatures.length, 1)
    const note = formatNote({ text: tree.text(size), signatures })
    assert.ok(verifyCosignature(note, cosigner.key, suite).timestamp > 1_700_000_000)
    const record = witness.latest(originId('log.example/one'))!
    assert.equal(record.size, size)
    assert.deepEqual(asNote(record.note).signatures, [...asNote(tree.note(size)).signatures, ...signatures])
  }
  assert.equal(witness.conflicts().length, 0)
})

const good = Buffer.from(tree.body(5, 9)).toString()
const malformed: Record<string, string | Uint8Array> = {
  empty: '',
  'not UTF-8': Uint8Array.of(0x6f, 0xff, 0x0a),
  'no old line': good.replace('old 5\n', ''),
  'old without a number': good.replace('old 5', 'old'),
  'leading zero': good.replace('old 5', 'old 05'),
  negative: good.replace('old 5', 'old -5'),
  'two spaces': good.replace('old 5', 'old  5'),
  'past 2^53': good.replace('old 5', 'old 9007199254740993'),
  'proof not base64': good.replace('old 5\n', 'old 5\n!!\n'),
  'proof of 31 bytes': good.replace('old 5\n', `old 5\n${toBase64(new Uint8Array(31))}\n`),
  '64 proof lines': good.replace('old 5\n', `old 5\n${`${toBase64(new Uint8Array(32))}\n`.repeat(64)}`),
  'a proof from 0': good.replace('old 5', 'old 0'),
  'no blank line': good.replace('\n\n', '\n'),
  'carriage returns': good.replaceAll('\n', '\r\n'),
  'cut off': good.slice(0, -10),
  'no final newline': good.slice(0, -1),
  'no signature': good.slice(0, good.indexOf('— ')),
  'no checkpoint': 'old 0\n\n',
  'a note that is no checkpoint': `old 0\n\n${signNote('hello\n', [logSigner])}`,
  'a size with a plus': `old 0\n\n${signNote(tree.text(9).replace('\n9\n', '\n+9\n'), [logSigner])}`,
  'size 0 with another root': `old 0\n\n${signNote(tree.text(9).replace('\n9\n', '\n0\n'), [logSigner])}`,
}
for (const [what, body] of Object.entries(malformed)) {
  test(`400: ${what}`, () => {
    const { witness } = cosigned(5)
    const answer = witness.addCheckpoint(typeof body === 'string' ? utf8(body) : body)
    assert.equal(answer.status, 400, answer.body)
    assert.match(answer.body, /^[a-z0-9-]+: .+\n$/)
    assert.equal(witness.latest(originId('log.example/one'))!.size, 5)
  })
}

test('400: an old size over the checkpoint’s', () => {
  const { witness } = cosigned(9)
  const body = utf8(`old 9\n\n${tree.note(5)}`)
  assert.equal(witness.addCheckpoint(body).status, 400)
})

test('413: a body over the limit', () => {
  const { witness } = cosigned(5)
  assert.equal(witness.addCheckpoint(new Uint8Array(MAX_WITNESS_BODY + 1)).status, 413)
  assert.equal(witness.addCheckpoint(new Uint8Array(MAX_WITNESS_BODY)).status, 400)
})

test('403: not signed, signed by another, or with a wrong signature', () => {
  const { witness } = cosigned(5)
  const other = newSigner('log.example/one')
  const stranger = newSigner('log.example/two')
  const [signature] = asNote(tree.note(9)).signatures
  const wrong = { ...signature!, signature: signature!.signature.map(byte => byte ^ 1) }
  const notes = [
    tree.note(9, other),
    tree.note(9, stranger),
    formatNote({ text: tree.text(9), signatures: [wrong] }),
    formatNote({ text: tree.text(9), signatures: asNote(tree.note(8)).signatures }),
  ]
  for (const note of notes) {
    const answer = witness.addCheckpoint(tree.body(5, 9, note))
    assert.equal(answer.status, 403, note)
  }
  assert.equal(witness.conflicts().length, 0)
})

test('signatures of unknown keys are ignored, and not kept', () => {
  const { witness } = cosigned(5)
  const note = signNote(tree.text(9), [newSigner('x.example'), logSigner, newSigner('log.example/one')])
  assert.equal(witness.addCheckpoint(tree.body(5, 9, note)).status, 200)
  const kept = asNote(witness.latest(originId('log.example/one'))!.note)
  assert.deepEqual(
    kept.signatures.map(({ name }) => name),
    ['log.example/one', 'witness.example/w'],
  )
})

test('404: an unknown origin, even if a known log signed it', () => {
  const { witness } = cosigned(5)
  const note = signNote(tree.text(9).replace('log.example/one', 'log.example/two'), [logSigner])
  const answer = witness.addCheckpoint(utf8(`old 0\n\n${note}`))
  assert.equal(answer.status, 404)
})

test('409: another old size, with the size on record', () => {
  const { witness } = cosigned(9)
  for (const [oldSize, size] of [
    [0, 11],
    [5, 11],
    [10, 11],
    [0, 9],
    [0, 5],
    [5, 5],
  ] as const) {
    const answer = witness.addCheckpoint(tree.body(oldSize, size))
    assert.deepEqual(answer, { status: 409, contentType: 'text/x.tlog.size', body: '9\n' })
  }
  assert.equal(witness.conflicts().length, 0)
})

test('409: the same size with another root, kept as proof', () => {
  const { witness } = cosigned(9)
  for (const oldSize of [9, 0, 9]) {
    const answer = witness.addCheckpoint(fork.body(oldSize, 9))
    assert.deepEqual(answer, { status: 409, contentType: 'text/x.tlog.size', body: '9\n' })
  }
  const [conflict, ...rest] = witness.conflicts()
  assert.equal(rest.length, 0)
  assert.equal(conflict!.kind, 'two-roots')
  assert.equal(conflict!.note, fork.note(9))
  assert.ok(conflict!.known.startsWith(tree.note(9)))
})

test('422: a consistency proof that is wrong, kept as a hint', () => {
  const { witness } = cosigned(5)
  const cut = Buffer.from(tree.body(5, 9)).toString().split('\n')
  const bodies: Record<string, Uint8Array> = {
    'another tree': fork.body(5, 9),
    'a line less': utf8([cut[0], ...cut.slice(2)].join('\n')),
    'a line more': utf8([cut[0], cut[1], ...cut.slice(1)].join('\n')),
    'a proof at the same size': utf8(`old 5\n${toBase64(new Uint8Array(32))}\n\n${tree.note(5)}`),
  }
  for (const [what, body] of Object.entries(bodies))
    assert.equal(witness.addCheckpoint(body).status, 422, what)
  const kinds = witness.conflicts().map(({ kind, note }) => [kind, note])
  assert.deepEqual(kinds, [
    ['inconsistent', fork.note(9)],
    ['inconsistent', tree.note(9)],
    ['inconsistent', tree.note(5)],
  ])
  assert.equal(witness.addCheckpoint(tree.body(5, 9)).status, 200)
})

test('conflicts kept are bounded, and hints do not displace proofs', () => {
  const { witness } = cosigned(9)
  witness.addCheckpoint(fork.body(9, 9))
  for (let size = 10; size < 40; size++) witness.addCheckpoint(fork.body(9, size))
  const conflicts = witness.conflicts()
  assert.equal(conflicts.filter(({ kind }) => kind === 'two-roots').length, 1)
  const hints = conflicts.filter(({ kind }) => kind === 'inconsistent').map(({ size }) => size)
  assert.deepEqual(hints, [32, 33, 34, 35, 36, 37, 38, 39])
})

test('of two calls from one old size only one is cosigned, though both were checked first', () => {
  const state = new WitnessState(':memory:')
  const cosigner = newCosigner('witness.example/w')
  const logs = [signerVkey(logSigner)]
  const second = new Witness({ state, cosigners: [cosigner], logs })
  second.addCheckpoint(tree.body(0, 5))
  let between: (() => void) | undefined
  // Signing comes after all checks and before storing: there B overtakes A (tlog-witness, the race of N and N+K).
  const slow = {
    key: cosigner.key,
    sign(message: Uint8Array) {
      between?.()
      return cosigner.sign(message)
    },
  }
  const first = new Witness({ state, cosigners: [slow], logs })
  let overtaking = 0
  between = () => {
    overtaking = second.addCheckpoint(tree.body(5, 11)).status
  }
  const answer = first.addCheckpoint(tree.body(5, 9))
  assert.equal(overtaking, 200)
  assert.deepEqual(answer, { status: 409, contentType: 'text/x.tlog.size', body: '11\n' })
  assert.equal(first.latest(originId('log.example/one'))!.size, 11)
})

test('time never goes back, and a clock far behind stops the witness', () => {
  let now = 1_800_000_000_900
  const { witness, cosigner } = cosigned(5, () => now)
  const timeOf = (size: number, body: Uint8Array) => {
    const answer = witness.addCheckpoint(body)
    if (answer.status !== 200) return answer.status
    const note = formatNote({ text: tree.text(size), signatures: parseCosignatures(answer.body) })
    return verifyCosignature(note, cosigner.key, suite).timestamp
  }
  now += 1000
  assert.equal(timeOf(5, tree.body(5, 5)), 1_800_000_001)
  now -= 30_000
  assert.equal(timeOf(9, tree.body(5, 9)), 1_800_000_001)
  now -= 60_000
  assert.equal(timeOf(11, tree.body(9, 11)), 503)
  now += 120_000
  assert.equal(timeOf(11, tree.body(9, 11)), 1_800_000_031)
})

test('logs are added and removed at run time, with several keys an origin', () => {
  const state = new WitnessState(':memory:')
  const options = { state, cosigners: [newCosigner('w.example')] }
  const witness = new Witness(options)
  const [one, two] = [newSigner('log.example/one'), newSigner('log.example/one')]
  assert.equal(witness.addCheckpoint(tree.body(0, 5, tree.note(5, one))).status, 404)
  witness.addLog(signerVkey(one))
  witness.addLog(signerVkey(one))
  assert.equal(witness.addCheckpoint(tree.body(0, 5, tree.note(5, one))).status, 200)
  assert.equal(witness.addCheckpoint(tree.body(5, 9, tree.note(9, two))).status, 403)
  witness.addLog(signerVkey(two))
  assert.equal(witness.addCheckpoint(tree.body(5, 9, tree.note(9, two))).status, 200)
  witness.removeLog(signerVkey(one))
  assert.equal(witness.addCheckpoint(tree.body(9, 11, tree.note(11, one))).status, 403)
  const again = new Witness(options)
  assert.deepEqual(again.logs(), [signerVkey(two)])
  assert.throws(() => witness.addLog(signerVkey(newCosigner('x.example'))), { code: 'bad-vkey' })
  assert.throws(() => witness.addLog('x'), { code: 'bad-vkey' })
  assert.throws(() => new Witness({ state, cosigners: [newSigner('x.example')] }), { code: 'bad-config' })
  assert.throws(() => new Witness({ state, cosigners: [] }), { code: 'bad-config' })
})

test('a second cosigner of type ML-DSA-44 adds its line', t => {
  let pair: ReturnType<typeof mlDsa44>
  try {
    pair = mlDsa44()
  } catch {
    return t.skip('this Node has no ML-DSA-44')
  }
  const { publicKey, privateKey } = pair
  const raw = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-1312))
  const key = verifierKey('w.example/pq', SIG_COSIGNATURE_MLDSA44, raw, suite)
  const ed25519 = newCosigner('w.example/w')
  const cosigners = [ed25519, { key, sign: (message: Uint8Array) => sign(null, message, privateKey) }]
  const state = new WitnessState(':memory:')
  const witness = new Witness({ state, cosigners, logs: [signerVkey(logSigner)] })
  assert.equal(witness.vkeys.length, 2)
  const answer = witness.addCheckpoint(tree.body(0, 7))
  assert.equal(answer.status, 200)
  const note = formatNote({ text: tree.text(7), signatures: parseCosignatures(answer.body) })
  const { timestamp } = verifyCosignature(note, key, suite)
  assert.equal(verifyCosignature(note, ed25519.key, suite).timestamp, timestamp)
})

function mlDsa44() {
  return generateKeyPairSync('ml-dsa-44')
}
