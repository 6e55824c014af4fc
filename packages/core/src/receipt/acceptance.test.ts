import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite, World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { type AcceptancePolicy, DEFAULT_POLICY, judge, parseAcceptancePolicy } from './acceptance.ts'
import { atLeast, BASES, type Basis, CLAIMS, type Claim, type ClaimName, type Result } from './claims.ts'
import { NO_TRUST, trustFrom } from './trust.ts'
import { verify } from './verify.ts'

const claim = (name: ClaimName, result: Result, basis?: Basis): Claim => ({
  claim: name,
  result,
  ...(basis && { basis }),
  reason: 'witnessed',
  sentence: 's',
  notShown: 'n',
})
/** Claims, all not checked but those given. */
function claims(given: Partial<Record<ClaimName, [Result, Basis?]>>): Record<ClaimName, Claim> {
  const all = CLAIMS.map(name => [name, claim(name, ...(given[name] ?? (['not-checked'] as const)))])
  return Object.fromEntries(all)
}
const met = (given: Parameters<typeof claims>[0], require: AcceptancePolicy['require']) =>
  judge(claims(given), { require }).met

test('what is accepted', () => {
  const recorded = ['pass', 'signature'] as [Result, Basis]
  const table: [Parameters<typeof claims>[0], AcceptancePolicy['require'], boolean][] = [
    [{ recorded }, { recorded: 'signature' }, true],
    [{ recorded }, { recorded: 'assertion' }, true],
    [{ recorded }, { recorded: 'recomputation' }, false],
    [{}, { recorded: 'signature' }, false],
    [{ recorded: ['fail', 'signature'] }, { recorded: 'signature' }, false],
    [{ recorded, model: ['pass', 'assertion'] }, { model: 'assertion' }, true],
    [{ recorded, model: ['pass', 'assertion'] }, { model: 'signature' }, false],
    [{ recorded, model: ['pass', 'hardware'] }, { model: 'recomputation' }, true],
    [{ recorded }, { model: 'assertion' }, false],
    // A pass that rests on nothing is none.
    [{ recorded: ['pass'] }, { recorded: 'assertion' }, false],
    // A failure of what was not asked for.
    [{ recorded, output: ['fail', 'recomputation'] }, { recorded: 'signature' }, false],
    // The record is required whatever a policy leaves out.
    [{ model: ['pass', 'proof'] }, { model: 'assertion' }, false],
    [{}, {}, false],
    [{ recorded: ['pass', 'assertion'] }, {}, false],
    [{ recorded }, {}, true],
  ]
  for (const [given, require, expected] of table)
    assert.equal(met(given, require), expected, JSON.stringify([given, require]))
  assert.equal(judge(claims({ recorded }), DEFAULT_POLICY).met, true)
})

test('a stronger claim never worsens a verdict, and what stands in the way is named', () => {
  const anyClaims = fc.record(
    Object.fromEntries(
      CLAIMS.map(name => [
        name,
        fc
          .tuple(fc.constantFrom('pass', 'fail', 'not-checked'), fc.constantFrom(...BASES))
          .map(([result, basis]): [Result, Basis?] =>
            result === 'not-checked' ? [result] : [result as Result, basis],
          ),
      ]),
    ) as Record<ClaimName, fc.Arbitrary<[Result, Basis?]>>,
  )
  const anyPolicy = fc.dictionary(fc.constantFrom(...CLAIMS), fc.constantFrom(...BASES))
  fc.assert(
    fc.property(anyClaims, anyPolicy, (given, require) => {
      const { met: accepted, unmet } = judge(claims(given), { require })
      assert.equal(accepted, unmet.length === 0)
      const wanted: AcceptancePolicy['require'] = { recorded: 'signature', ...require }
      const expected = CLAIMS.every(name => {
        const [result, basis] = given[name]
        const least = wanted[name]
        if (result === 'fail') return false
        return least === undefined || (result === 'pass' && atLeast(basis!, least))
      })
      assert.equal(accepted, expected)
      if (accepted)
        for (const name of CLAIMS)
          if (given[name][0] === 'pass') assert.ok(met({ ...given, [name]: ['pass', 'proof'] }, require))
    }),
  )
})

const world = new World()
const read = (value: unknown) =>
  parseAcceptancePolicy(typeof value === 'string' ? utf8(value) : utf8(JSON.stringify(value)))

test('policy files', () => {
  assert.deepEqual(read({ require: { recorded: 'signature' } }), DEFAULT_POLICY)
  assert.deepEqual(read({}), DEFAULT_POLICY)
  assert.deepEqual(read({ require: { model: 'recomputation' } }), {
    require: { recorded: 'signature', model: 'recomputation' },
  })
  assert.deepEqual(read(` \n{"trust":["a","b"]}`), { ...DEFAULT_POLICY, trust: ['a', 'b'] })
  assert.deepEqual(read({ trust: [] }), { ...DEFAULT_POLICY, trust: [] })
  // A bare tlog-policy is the trust, under the default requirements.
  assert.deepEqual(read(world.policy), { ...DEFAULT_POLICY, trust: [world.policy] })
  for (const odd of ['', 'null', '[]', '"x"']) {
    const { trust } = read(odd)
    throwsCode(() => trustFrom([{ name: 'odd', policy: trust![0]! }], suite), 'bad-policy', odd)
  }
})

test('policy files that are none', () => {
  const table: [unknown, ErrorCode][] = [
    [{ require: {} }, 'bad-policy'],
    [{ require: [] }, 'bad-policy'],
    [{ require: 'recorded' }, 'bad-policy'],
    [{ require: { recorded: 'none' } }, 'bad-policy'],
    [{ require: { recorded: null } }, 'bad-policy'],
    [{ require: { recorder: 'signature' } }, 'bad-policy'],
    [{ required: { recorded: 'signature' } }, 'bad-policy'],
    ['{"require":{"__proto__":"signature"}}', 'bad-policy'],
    ['{"__proto__":{}}', 'bad-policy'],
    [{ trust: 'log x' }, 'bad-policy'],
    [{ trust: [1] }, 'bad-policy'],
    [{ trust: Array.from({ length: 65 }, () => '') }, 'bad-policy'],
    ['{"require":{"recorded":"signature","recorded":"assertion"}}', 'duplicate-key'],
    ['{"require"', 'bad-json'],
    ['\ufeff{}', 'bad-json'],
    [`{"trust":${'['.repeat(9)}`, 'too-deep'],
    [`{"trust":["${'x'.repeat(2 ** 21)}"]}`, 'too-large'],
  ]
  for (const [value, code] of table) throwsCode(() => read(value), code, JSON.stringify(value).slice(0, 80))
  throwsCode(() => parseAcceptancePolicy(Uint8Array.of(0xff)), 'not-utf8')
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), text => {
      try {
        const policy = parseAcceptancePolicy(utf8(text))
        assert.ok(policy.require.recorded !== undefined)
      } catch (error) {
        assert.ok(error instanceof AnswerableError)
      }
    }),
  )
})

test('a policy that forgets the record does not accept a receipt without one', () => {
  const { receipt } = world.answer()
  const forgetful = { require: { model: 'assertion' } } as const
  const accepted = (options: object) => verify(receipt, { suite, policy: forgetful, ...options }).verdict.met
  assert.equal(accepted({ trust: world.trust }), true)
  assert.equal(accepted({ trust: NO_TRUST }), false)
  assert.equal(accepted({ trust: world.trust, request: utf8('other') }), false)
  assert.equal(verify(receipt, { suite, trust: NO_TRUST, policy: { require: {} } }).verdict.met, false)
})
