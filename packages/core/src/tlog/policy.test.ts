import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../bytes.ts'
import type { ErrorCode } from '../error.ts'
import { fakeSigner, nativeSuite as suite, testSigner, throwsCode } from '../note/fixtures.test.ts'
import { signerVkey } from '../note/signer.ts'
import { formatVkey, SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44 } from '../note/vkey.ts'
import * as p from './policy.ts'

const log = testSigner('example.com/log')
const LOG = `log ${signerVkey(log)}\n`
const vkey = (name: string) => formatVkey(fakeSigner(`key-of-${name}`, SIG_COSIGNATURE_ED25519).key)
const witness = (name: string) => `witness ${name} ${vkey(name)}\n`

/** The example of the specification, with keys. */
const EXAMPLE = `${LOG}
${witness('X1')}${witness('X2')}${witness('X3')}group X-witnesses 2 X1 X2 X3

${witness('Y1')}${witness('Y2')}${witness('Y3')}group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`

test('the example of the specification', () => {
  const policy = p.parsePolicy(EXAMPLE, suite)
  assert.deepEqual(policy.logs, [{ key: log.key }])
  assert.deepEqual(
    policy.witnesses.map(({ name }) => name),
    ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'],
  )
  assert.deepEqual(policy.groups, [
    { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
    { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
    { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
  ])
  assert.equal(policy.quorum, 'X-and-Y')
  assert.deepEqual(p.parsePolicy(p.formatPolicy(policy), suite), policy)
  assert.deepEqual(p.parsePolicy(utf8(EXAMPLE), suite), policy)
})

test('spaces, tabs, comments, order and URLs', () => {
  const policy = p.parsePolicy(
    ` \t\n# a comment\n\t # another: é\nquorum none\n\twitness \t w ${vkey('w')}  https://w.example/#x \t\n log ${signerVkey(log)} https://é.example\n`,
    suite,
  )
  assert.equal(policy.quorum, 'none')
  assert.equal(policy.witnesses[0]!.url, 'https://w.example/#x')
  assert.equal(policy.logs[0]!.url, 'https://é.example')
  assert.deepEqual(p.parsePolicy(p.formatPolicy(policy), suite), policy)
})

test('names are opaque: no folding, no normal form', () => {
  const names = ['K', '\u212a', 'k', 'é', 'e\u0301', '__proto__', 'constructor', '#1', '2', 'all']
  const policy = p.parsePolicy(
    `${names.map(witness).join('')}group none-of-these ${names.length} ${names.join(' ')}\nquorum none-of-these\n`,
    suite,
  )
  assert.deepEqual(policy.groups[0]!.members, names)
})

test('a quorum may be one witness, and keys may be ML-DSA-44', () => {
  const quantum = testSigner('w.example', SIG_COSIGNATURE_MLDSA44)
  const policy = p.parsePolicy(
    `log ${formatVkey(quantum.key)}\nwitness w ${formatVkey(quantum.key)}\nquorum w\n`,
    suite,
  )
  assert.equal(policy.quorum, 'w')
  assert.equal(policy.witnesses[0]!.key.type, SIG_COSIGNATURE_MLDSA44)
})

const AB = witness('A') + witness('B')
const malformed: [string, string, ErrorCode?][] = [
  ['nothing', ''],
  ['no quorum', AB],
  ['two quorums', 'quorum none\nquorum none\n'],
  ['no final newline', 'quorum none'],
  ['a cut-off line', `${AB}group g all A B\nquorum g\ngroup x`],
  ['an unknown word', 'quorum none\nmonitor x\n'],
  ['an upper-case word', 'Quorum none\n'],
  ['a quorum of an unknown name', 'quorum x\n'],
  ['a quorum before its group', `${AB}quorum g\ngroup g all A B\n`],
  ['a quorum of two', `${AB}quorum A B\n`],
  ['a quorum of none given', 'quorum\n'],
  ['a group before its member', `${witness('A')}group g all A B\n${witness('B')}quorum g\n`],
  ['a group of itself', `${witness('A')}group g all A g\nquorum g\n`],
  ['a group of none', `${AB}group g any none\nquorum none\n`],
  ['a group without members', `${AB}group g any\nquorum none\n`],
  ['a group named none', `${AB}group none any A\nquorum none\n`],
  ['a witness named none', `${witness('none')}quorum none\n`],
  ['a group named as a witness', `${AB}group A any B\nquorum none\n`],
  ['a witness named as a group', `${witness('A')}group B any A\n${witness('B')}quorum none\n`],
  ['two witnesses of one name', `witness A ${vkey('A')}\nwitness A ${vkey('B')}\nquorum none\n`],
  ['a member twice in a group', `${AB}group g 2 A A\nquorum g\n`],
  ['a member of two groups', `${AB}group g any A\ngroup h any A B\nquorum h\n`],
  ['threshold 0', `${AB}group g 0 A B\nquorum g\n`],
  ['a threshold over the members', `${AB}group g 3 A B\nquorum g\n`],
  ['a threshold with a leading zero', `${AB}group g 01 A B\nquorum g\n`],
  ['a threshold with a sign', `${AB}group g +1 A B\nquorum g\n`],
  ['a threshold in words', `${AB}group g most A B\nquorum g\n`],
  ['a log key as witness', `witness A ${signerVkey(log)}\nquorum none\n`],
  ['an Ed25519 witness key as log', `log ${vkey('A')}\nquorum none\n`],
  ['one public key for two witnesses', `${witness('A')}witness B ${vkey('A')}\nquorum none\n`],
  [
    'one public key for two logs',
    `${LOG}log ${signerVkey(testSigner('other', 1, 'example.com/log'))}\nquorum none\n`,
  ],
  ['a log with too much', `${LOG.trim()} a b\nquorum none\n`],
  ['a witness with too much', `${witness('A').trim()} a b\nquorum none\n`],
  ['a witness without key', 'witness A\nquorum none\n'],
  ['a key that is none', 'log x\nquorum none\n', 'bad-vkey'],
  ['a carriage return', 'quorum none\r\n'],
  ['a form feed', 'quorum\fnone\n'],
  ['a DEL', '# \x7f\nquorum none\n'],
  ['a no-break space between', 'quorum\u00a0none\n'],
]
test('refuses what is no policy', () => {
  for (const [what, text, code = 'bad-policy'] of malformed)
    throwsCode(() => p.parsePolicy(text, suite), code, what)
  throwsCode(() => p.parsePolicy(Uint8Array.of(0x23, 0xff, 0x0a), suite), 'not-utf8')
  throwsCode(() => p.parsePolicy('#'.repeat(p.POLICY_LIMITS.bytes + 1), suite), 'too-large')
  assert.throws(() => p.parsePolicy('\n\nquorum x\n', suite), /line 3/)
})

test('limits: the specification’s 32 of each, and far from endless', () => {
  const many = (count: number, line: (name: string) => string) =>
    Array.from({ length: count }, (_, i) => line(`n${i}`)).join('')
  const logLine = (name: string) => `log ${formatVkey(fakeSigner(name).key)}\n`
  const parse = (text: string) => p.parsePolicy(`${text}quorum none\n`, suite)
  const full = (witnesses: number, logs: number) =>
    parse(many(witnesses, witness) + many(witnesses, n => `group g${n} all ${n}\n`) + many(logs, logLine))
  assert.equal(full(32, 32).groups.length, 32)
  full(p.POLICY_LIMITS.witnesses, p.POLICY_LIMITS.logs)
  throwsCode(() => parse(many(p.POLICY_LIMITS.witnesses + 1, witness)), 'bad-policy')
  throwsCode(() => parse(many(p.POLICY_LIMITS.logs + 1, logLine)), 'bad-policy')
  const chain = (count: number) =>
    witness('n') +
    Array.from({ length: count }, (_, i) => `group g${i} all ${i ? `g${i - 1}` : 'n'}\n`).join('')
  parse(chain(p.POLICY_LIMITS.groups))
  throwsCode(() => parse(chain(p.POLICY_LIMITS.groups + 1)), 'bad-policy')
})

test('refuses to write what it would not read', () => {
  const good = p.parsePolicy(EXAMPLE, suite)
  const bad: Partial<p.Policy>[] = [
    { quorum: 'unknown' },
    { quorum: 'none ' },
    { logs: [...good.logs, ...good.logs] },
    { logs: [{ key: log.key, url: 'a b' }] },
    { logs: [{ key: log.key, url: '' }] },
    { witnesses: [...good.witnesses, { name: 'Z', key: log.key }] },
    {
      witnesses: good.witnesses.map((w, i) => (i === 0 ? { ...w, name: 'X 1' } : w)),
      groups: [],
      quorum: 'none',
    },
    { groups: [...good.groups].reverse() },
    { groups: [{ name: 'g', threshold: 1.5, members: ['X1', 'X2'] }], quorum: 'g' },
    { groups: [{ name: 'g\n', threshold: 1, members: ['X1'] }], quorum: 'none' },
    { groups: [{ name: 'g', threshold: 0, members: [] }], quorum: 'g' },
  ]
  for (const change of bad) throwsCode(() => p.formatPolicy({ ...good, ...change }), 'bad-policy')
})

test('a text that parses says the same when written again', () => {
  const names = fc.constantFrom('A', 'B', 'g', 'h', 'none', 'x')
  const line = fc.oneof(
    fc.constantFrom(LOG, witness('A'), witness('B'), '\n', '# c\n'),
    fc
      .tuple(names, fc.constantFrom('any', 'all', '1', '2'), fc.array(names, { minLength: 1, maxLength: 3 }))
      .map(([name, k, members]) => `group ${name} ${k} ${members.join(' ')}\n`),
    names.map(name => `quorum ${name}\n`),
  )
  let parsed = 0
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), lines => {
      let policy: p.Policy
      try {
        policy = p.parsePolicy(`${lines.join('')}quorum none\n`, suite)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'bad-policy')
        return
      }
      parsed++
      assert.deepEqual(p.parsePolicy(p.formatPolicy(policy), suite), policy)
    }),
    { numRuns: 2000, seed: 1 },
  )
  assert.ok(parsed > 50, `${parsed} texts were policies`)
})
