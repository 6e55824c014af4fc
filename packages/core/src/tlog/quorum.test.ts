import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toBase64 } from '../bytes.ts'
import { fakeSigner, fakeSuite, flips, nativeSuite, testSigner, throwsCode } from '../note/fixtures.test.ts'
import { type Note, parseNote, withSignatures } from '../note/note.ts'
import { signNote } from '../note/signer.ts'
import { SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44 } from '../note/vkey.ts'
import { cosign } from './cosignature.ts'
import type { Policy, PolicyGroup } from './policy.ts'
import { evaluatePolicy, ownerGroups } from './quorum.ts'

const log = testSigner('example.com/log')
const TEXT = `example.com/log\n7\n${toBase64(new Uint8Array(32).fill(7))}\n`
const NOTE = parseNote(signNote(TEXT, [log]))
const signer = (name: string) => testSigner(`${name}.example`, SIG_COSIGNATURE_ED25519)
const witness = (name: string) => ({ name, key: signer(name).key })
/** The note, cosigned by witnesses at times. */
const cosigned = (times: Record<string, number>): Note =>
  withSignatures(
    NOTE,
    Object.entries(times).map(([name, time]) => cosign(TEXT, signer(name), time)),
  )
const judge = (policy: Policy, note: Note | string, suite = nativeSuite) =>
  evaluatePolicy(policy, note, suite)
function ok(policy: Policy, note: Note | string, suite = nativeSuite) {
  const result = judge(policy, note, suite)
  assert.ok(result.outcome === 'ok', result.outcome)
  return result
}

/** Two owners of two witnesses each, an owner of one, and a witness that does not count. Two of three owners. */
const POLICY: Policy = {
  logs: [{ key: testSigner('example.com/other').key }, { key: log.key }],
  witnesses: ['a1', 'a2', 'b1', 'b2', 'c', 'out'].map(witness),
  groups: [
    { name: 'A', threshold: 1, members: ['a1', 'a2'] },
    { name: 'B', threshold: 2, members: ['b1', 'b2'] },
    { name: 'Q', threshold: 2, members: ['A', 'B', 'c'] },
  ],
  quorum: 'Q',
}

const table: [Record<string, number>, boolean, number | undefined][] = [
  [{}, false, undefined],
  [{ a1: 10 }, false, undefined],
  [{ a1: 10, a2: 20 }, false, undefined],
  [{ a1: 10, a2: 20, b1: 30 }, false, undefined],
  [{ a1: 10, c: 20 }, true, 20],
  [{ a1: 30, a2: 10, c: 20 }, true, 20],
  [{ a2: 30, a1: 40, c: 20 }, true, 30],
  [{ b1: 10, b2: 50, c: 20 }, true, 50],
  [{ a1: 60, b1: 10, b2: 50, c: 20 }, true, 50],
  [{ a1: 10, b1: 10, b2: 50, c: 20 }, true, 20],
  [{ a1: 10, out: 20 }, false, undefined],
  // A time of 0 is a cosignature without a time: it counts, and dates nothing.
  [{ a1: 0, c: 20 }, true, undefined],
  [{ a1: 0, a2: 30, c: 20 }, true, 30],
  [{ a1: 0, b1: 40, b2: 50, c: 20 }, true, 50],
]
test('quorums of owners, and since when', () => {
  for (const [times, quorum, time] of table) {
    const result = ok(POLICY, cosigned(times))
    assert.equal(result.quorum, quorum, JSON.stringify(times))
    assert.equal(result.quorumTime, time, JSON.stringify(times))
  }
})

test('a result names the log, the witnesses and the owners', () => {
  const result = ok(POLICY, cosigned({ b2: 50, out: 5, a2: 10, c: 0 }))
  assert.deepEqual(result.log, log.key)
  assert.equal(result.checkpoint.size, 7)
  assert.deepEqual(
    result.witnesses.map(({ key, ...rest }) => ({ ...rest, key: key.name })),
    [
      { name: 'a2', key: 'a2.example', timestamp: 10, groups: ['Q', 'A'], owner: 'A' },
      { name: 'b2', key: 'b2.example', timestamp: 50, groups: ['Q', 'B'], owner: 'B' },
      { name: 'c', key: 'c.example', timestamp: 0, groups: ['Q'], owner: 'c' },
      { name: 'out', key: 'out.example', timestamp: 5, groups: [] },
    ],
  )
  assert.deepEqual(
    result.owners.map(({ witnesses, ...rest }) => ({
      ...rest,
      witnesses: witnesses.map(({ name }) => name),
    })),
    [
      { name: 'A', reached: true, time: 10, witnesses: ['a1', 'a2'] },
      { name: 'B', reached: false, witnesses: ['b1', 'b2'] },
      { name: 'c', reached: true, witnesses: ['c'] },
    ],
  )
})

test('owner groups of a single witness and of no quorum', () => {
  assert.deepEqual(ownerGroups({ ...POLICY, quorum: 'none' }), [])
  assert.deepEqual(ownerGroups({ ...POLICY, quorum: 'b1' }), [{ name: 'b1', witnesses: [witness('b1')] }])
  const none = ok({ ...POLICY, quorum: 'none' }, NOTE)
  assert.deepEqual([none.quorum, none.quorumTime, none.owners], [true, undefined, []])
  const one = ok({ ...POLICY, quorum: 'b1' }, cosigned({ b1: 10 }))
  assert.deepEqual([one.quorum, one.quorumTime], [true, 10])
  assert.equal(ok({ ...POLICY, quorum: 'b1' }, cosigned({ b2: 10 })).quorum, false)
})

test('an unknown log is told apart from a wrong signature', () => {
  const other = testSigner('example.com/log', 1, 'another seed')
  assert.equal(judge(POLICY, signNote(TEXT, [other])).outcome, 'unknown-log')
  assert.equal(judge({ ...POLICY, logs: [] }, NOTE).outcome, 'unknown-log')
  // A known log signs for its own origin alone.
  const foreign = TEXT.replace('/log', '/other')
  assert.equal(judge(POLICY, signNote(foreign, [log])).outcome, 'unknown-log')
  for (const signature of flips(NOTE.signatures[0]!.signature)) {
    const result = judge(POLICY, { ...NOTE, signatures: [{ ...NOTE.signatures[0]!, signature }] })
    assert.equal(result.outcome, 'bad-signature')
  }
  throwsCode(() => judge(POLICY, signNote('text\n', [log])), 'bad-checkpoint')
  throwsCode(() => judge(POLICY, 'text'), 'bad-note')
})

test('a known witness’s wrong signature condemns the note, an unknown one’s is ignored', () => {
  const late = cosign(TEXT.replace('7', '8'), signer('b1'), 10)
  assert.equal(judge(POLICY, withSignatures(cosigned({ a1: 10, c: 20 }), [late])).outcome, 'bad-signature')
  const stranger = { ...late, name: 'stranger.example' }
  assert.equal(ok(POLICY, withSignatures(cosigned({ a1: 10, c: 20 }), [stranger])).quorum, true)
  const twice = cosigned({ a1: 10 })
  const second = { text: TEXT, signatures: [...twice.signatures, ...cosigned({ a1: 5 }).signatures] }
  assert.deepEqual(
    ok(POLICY, second).witnesses.map(({ timestamp }) => timestamp),
    [10],
    'the first line of a key is the one that counts',
  )
})

test('ML-DSA-44 witnesses count like others', () => {
  const quantum = testSigner('q.example', SIG_COSIGNATURE_MLDSA44)
  const policy: Policy = {
    ...POLICY,
    witnesses: [...POLICY.witnesses, { name: 'q', key: quantum.key }],
    quorum: 'q',
  }
  const result = ok(policy, withSignatures(NOTE, [cosign(TEXT, quantum, 99)]))
  assert.deepEqual([result.quorum, result.quorumTime], [true, 99])
})

/** Policies with nested groups over some of eight witnesses. */
const NAMES = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7']
const fakes = new Map(NAMES.map(name => [name, fakeSigner(name, SIG_COSIGNATURE_ED25519)]))
const fakeLog = fakeSigner('example.com/log')
const FAKE_NOTE = parseNote(signNote(TEXT, [fakeLog]))
const anyPolicy = fc
  .array(fc.record({ take: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), k: fc.nat(20) }), {
    maxLength: 6,
  })
  .chain(plans => {
    const free = [...NAMES]
    const groups: PolicyGroup[] = []
    for (const [i, { take, k }] of plans.entries()) {
      const members = take.slice(0, free.length).map(at => free.splice(at % free.length, 1)[0]!)
      if (members.length === 0) continue
      groups.push({ name: `g${i}`, threshold: (k % members.length) + 1, members })
      free.push(`g${i}`)
    }
    return fc.constantFrom('none', ...NAMES, ...groups.map(({ name }) => name)).map(
      (quorum): Policy => ({
        logs: [{ key: fakeLog.key }],
        witnesses: NAMES.map(name => ({ name, key: fakes.get(name)!.key })),
        groups,
        quorum,
      }),
    )
  })
const anyTimes = fc.dictionary(fc.constantFrom(...NAMES), fc.nat(5), { noNullPrototype: true })

/** By the definition: does this set of witnesses satisfy the name? */
function satisfies(policy: Policy, name: string, set: ReadonlySet<string>): boolean {
  const group = policy.groups.find(each => each.name === name)
  if (group === undefined) return name === 'none' || set.has(name)
  return group.members.filter(member => satisfies(policy, member, set)).length >= group.threshold
}

test('quorum and time agree with trying every second', () => {
  let reached = 0
  fc.assert(
    fc.property(anyPolicy, anyTimes, (policy, times) => {
      const signatures = Object.entries(times).map(([name, time]) => cosign(TEXT, fakes.get(name)!, time))
      const result = ok(policy, withSignatures(FAKE_NOTE, signatures), fakeSuite)
      const by = (last: number) =>
        new Set(
          Object.keys(times).filter(name => times[name]! <= last && (times[name] !== 0 || last === Infinity)),
        )
      const earliest = (name: string) =>
        name === 'none' ? undefined : [1, 2, 3, 4, 5].find(second => satisfies(policy, name, by(second)))
      assert.equal(result.quorum, satisfies(policy, policy.quorum, by(Infinity)))
      assert.equal(result.quorumTime, earliest(policy.quorum))
      for (const owner of result.owners) {
        assert.equal(owner.reached, satisfies(policy, owner.name, by(Infinity)))
        assert.equal(owner.time, earliest(owner.name))
      }
      // An owner's witnesses are exactly those whose absence or presence can matter to it.
      for (const each of result.witnesses) {
        const owners = result.owners.filter(({ witnesses }) =>
          witnesses.some(({ name }) => name === each.name),
        )
        assert.deepEqual(
          owners.map(({ name }) => name),
          each.owner === undefined ? [] : [each.owner],
        )
        assert.equal(
          each.owner !== undefined,
          each.groups.includes(policy.quorum) || each.name === policy.quorum,
        )
      }
      if (result.quorum && policy.quorum !== 'none') reached++
    }),
    { numRuns: 1000, seed: 1 },
  )
  assert.ok(reached > 100, `${reached} quorums were reached`)
})
