import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toBase64, utf8 } from '../bytes.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { MAX_NOTE_BYTES } from '../note/note.ts'
import * as p from './proof.ts'
import * as w from './witness-message.ts'

const CHECKPOINT = `example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog AAAAAAE=
`
/** The example of the specification, with whole signatures in place of its elided ones. */
const EXAMPLE = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

${CHECKPOINT}`
const HASH = toBase64(new Uint8Array(32).fill(9))

test('the example of the specification', () => {
  const proof = p.parseTlogProof(EXAMPLE)
  assert.deepEqual(proof.extra, utf8('age-v1.2.1-darwin-arm64.tar.gz'))
  assert.equal(proof.index, 73894)
  assert.equal(proof.hashes.length, 5)
  assert.equal(proof.checkpoint, CHECKPOINT)
  assert.equal(p.formatTlogProof(proof), EXAMPLE)
  assert.deepEqual(p.parseTlogProof(utf8(EXAMPLE)), proof)
})

test('proofs round-trip', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => new Uint8Array(bytes))
  fc.assert(
    fc.property(
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
      fc.maxSafeNat(),
      fc.array(hash, { maxLength: 63 }),
      (extra, index, hashes) => {
        const proof = {
          ...(extra && { extra: new Uint8Array(extra) }),
          index,
          hashes,
          checkpoint: CHECKPOINT,
        }
        assert.deepEqual(p.parseTlogProof(p.formatTlogProof(proof)), proof)
      },
    ),
  )
  const none = { index: 0, hashes: [], checkpoint: CHECKPOINT }
  assert.equal(p.formatTlogProof({ ...none, extra: new Uint8Array(0) }), p.formatTlogProof(none))
})

const HEAD = 'c2sp.org/tlog-proof@v1\n'
const malformed: [string, string][] = [
  ['nothing', ''],
  ['another header', EXAMPLE.replace('@v1', '@v2')],
  ['a line before', `\n${EXAMPLE}`],
  ['no index', `${HEAD}\n${CHECKPOINT}`],
  ['two extra lines', `${HEAD}extra AAAA\nextra AAAA\nindex 0\n\n${CHECKPOINT}`],
  ['extra after the index', `${HEAD}index 0\nextra AAAA\n\n${CHECKPOINT}`],
  ['an empty extra', `${HEAD}extra \nindex 0\n\n${CHECKPOINT}`],
  ['an extra in other base64', `${HEAD}extra AAA\nindex 0\n\n${CHECKPOINT}`],
  ['an index with a leading zero', `${HEAD}index 00\n\n${CHECKPOINT}`],
  ['a negative index', `${HEAD}index -1\n\n${CHECKPOINT}`],
  ['an index of 2^53', `${HEAD}index 9007199254740992\n\n${CHECKPOINT}`],
  ['an index with a space', `${HEAD}index  1\n\n${CHECKPOINT}`],
  ['a short hash', `${HEAD}index 0\n${toBase64(new Uint8Array(31))}\n\n${CHECKPOINT}`],
  ['a hash without padding', `${HEAD}index 0\n${HASH.slice(0, -1)}\n\n${CHECKPOINT}`],
  ['64 hashes', `${HEAD}index 0\n${`${HASH}\n`.repeat(64)}\n${CHECKPOINT}`],
  ['no checkpoint', `${HEAD}index 0\n\n`],
  ['no blank line', `${HEAD}index 0\n`],
  ['a second blank line', `${HEAD}index 0\n\n\n${CHECKPOINT}`],
  ['no final newline', EXAMPLE.slice(0, -1)],
  ['carriage returns', EXAMPLE.replaceAll('\n', '\r\n')],
  ['a tab in the checkpoint', EXAMPLE.replace('109482', '109482\t')],
]
test('refuses what is no proof', () => {
  for (const [what, text] of malformed) throwsCode(() => p.parseTlogProof(text), 'bad-proof', what)
  throwsCode(() => p.parseTlogProof(new Uint8Array(p.MAX_TLOG_PROOF_BYTES + 1)), 'too-large')
  throwsCode(() => p.parseTlogProof(Uint8Array.of(0xff)), 'not-utf8')
})

test('every byte of a proof matters: a change is refused or gives another proof', () => {
  const bytes = utf8(EXAMPLE)
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice()
    changed[i] = changed[i] === 0x41 ? 0x42 : 0x41
    let proof: p.TlogProof
    try {
      proof = p.parseTlogProof(changed)
    } catch {
      continue
    }
    assert.deepEqual(utf8(p.formatTlogProof(proof)), changed)
  }
})

test('refuses to write what it would not read', () => {
  const good = { index: 0, hashes: [], checkpoint: CHECKPOINT }
  for (const change of [
    { index: -1 },
    { index: 2 ** 53 },
    { hashes: [new Uint8Array(31)] },
    { hashes: Array(64).fill(new Uint8Array(32)) },
    { checkpoint: '' },
    { checkpoint: 'x' },
    { checkpoint: '\nx\n' },
    { checkpoint: 'a\tb\n' },
  ])
    throwsCode(() => p.formatTlogProof({ ...good, ...change }), 'bad-proof')
  throwsCode(() => p.formatTlogProof({ ...good, extra: new Uint8Array(p.MAX_TLOG_PROOF_BYTES) }), 'too-large')
})

const REQUEST = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`
const RESPONSE = `— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
`
test('the add-checkpoint examples of the witness specification', () => {
  const request = w.parseAddCheckpoint(REQUEST)
  assert.equal(request.oldSize, 20852014)
  assert.equal(request.proof.length, 4)
  assert.ok(request.checkpoint.startsWith('example.com/behind-the-sofa\n20852163\n'))
  assert.equal(w.formatAddCheckpoint(request), REQUEST)
  assert.deepEqual(w.parseAddCheckpoint(utf8(REQUEST)), request)
  const response = w.parseCosignatures(RESPONSE)
  assert.deepEqual(
    response.map(({ name }) => name),
    ['witness.example/w1', 'witness.example/w1', 'witness.example/w2'],
  )
  assert.equal(w.formatCosignatures(response), RESPONSE)
  assert.equal(w.parseTreeSize(w.formatTreeSize(20852163)), 20852163)
})

const requests: [string, string][] = [
  ['nothing', ''],
  ['no old size', `\n${CHECKPOINT}`],
  ['only an old size', 'old 0\n'],
  ['no checkpoint', 'old 0\n\n'],
  ['a leading zero', `old 01\n\n${CHECKPOINT}`],
  ['an upper-case word', `Old 1\n\n${CHECKPOINT}`],
  ['two spaces', `old  1\n\n${CHECKPOINT}`],
  ['a size of 2^53', `old 9007199254740992\n\n${CHECKPOINT}`],
  ['a proof from nothing', `old 0\n${HASH}\n\n${CHECKPOINT}`],
  ['64 hashes', `old 1\n${`${HASH}\n`.repeat(64)}\n${CHECKPOINT}`],
  ['a short hash', `old 1\nAAAA\n\n${CHECKPOINT}`],
  ['carriage returns', REQUEST.replaceAll('\n', '\r\n')],
  ['no final newline', REQUEST.slice(0, -1)],
]
test('refuses what is no add-checkpoint message', () => {
  for (const [what, text] of requests) throwsCode(() => w.parseAddCheckpoint(text), 'bad-format', what)
  throwsCode(() => w.parseAddCheckpoint(`old 1\n\n${'x'.repeat(MAX_NOTE_BYTES + 4096)}\n`), 'too-large')
  for (const size of ['', '1', '01\n', '-1\n', '1\n\n', '9007199254740992\n'])
    throwsCode(() => w.parseTreeSize(size), 'bad-format', size)
  throwsCode(() => w.parseTreeSize(' '.repeat(33)), 'too-large')
  for (const body of [
    '',
    '\n',
    RESPONSE.slice(0, -1),
    `${RESPONSE}\n`,
    'text\n',
    RESPONSE.replace('— ', '—\t '),
  ])
    throwsCode(() => w.parseCosignatures(body), 'bad-note', body)
  throwsCode(() => w.formatCosignatures([]), 'bad-format')
  throwsCode(() => w.formatTreeSize(-1), 'bad-format')
  for (const change of [{ oldSize: -1 }, { oldSize: 0 }, { proof: [new Uint8Array(1)] }, { checkpoint: 'x' }])
    throwsCode(() => w.formatAddCheckpoint({ ...w.parseAddCheckpoint(REQUEST), ...change }), 'bad-format')
})
