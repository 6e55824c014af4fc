/** Chains and lists of revocations: each fault by its own name. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { makeCertificate, makeCrl, sequence } from '../../test/x509.ts'
import { portableSuite as suite } from '../portable.ts'
import type { Certificate } from './certificate.ts'
import { type ChainOptions, checkChain, MOST_CERTIFICATES, OCSP_SIGNING } from './chain.ts'
import { checkRevocation, parseRevocationList } from './crl.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const root = makeCertificate({ subject: 'root', ca: true, kind: 'P-256' })
const mid = makeCertificate({ subject: 'mid', issuer: root, ca: true, kind: 'P-256' })
const leaf = makeCertificate({ subject: 'leaf', issuer: mid, kind: 'P-256' })
const stranger = makeCertificate({ subject: 'root', ca: true, kind: 'P-256' })

function judge(options: Partial<ChainOptions> & { leaf?: Certificate } = {}): string {
  const { fault, timeFault } = checkChain({
    leaf: leaf.certificate,
    others: [mid.certificate, root.certificate],
    roots: new Set([root.fingerprint]),
    time: NOW,
    suite,
    ...options,
  })
  return fault?.reason ?? timeFault?.reason ?? 'good'
}

test('each fault of a chain has its own reason', () => {
  const below = (options: object) => {
    const issuer = makeCertificate({ subject: 'mid', issuer: root, ca: true, kind: 'P-256', ...options })
    const last = makeCertificate({ subject: 'leaf', issuer, kind: 'P-256' })
    return judge({ leaf: last.certificate, others: [issuer.certificate, root.certificate] })
  }
  const own = (options: object) =>
    makeCertificate({ subject: 'leaf', issuer: mid, kind: 'P-256', ...options }).certificate
  const strange = { id: '1.2.3.4', critical: true, value: sequence() }
  const table: Record<string, string> = {
    good: judge(),
    'the root itself': judge({ leaf: root.certificate, others: [] }),
    'other order': judge({ others: [root.certificate, mid.certificate] }),
    'root not given': judge({ others: [mid.certificate] }),
    'mid not given': judge({ others: [root.certificate] }),
    'another root of that name': judge({ roots: new Set([stranger.fingerprint]) }),
    'forged by another key': judge({ leaf: own({ signWith: stranger }) }),
    'signed by another algorithm': judge({
      leaf: makeCertificate({
        subject: 'leaf',
        issuer: mid,
        signWith: {
          ...mid,
          kind: 'Ed25519',
          privateKey: makeCertificate({ subject: 'x', kind: 'Ed25519' }).privateKey,
        },
      }).certificate,
    }),
    'not an issuer': below({ ca: false }),
    'may not sign certificates': below({ usage: ['crl-sign'] }),
    'too many below it': (() => {
      const short = makeCertificate({ subject: 'short', ca: true, pathLength: 0, kind: 'P-256' })
      const a = makeCertificate({ subject: 'a', issuer: short, ca: true, kind: 'P-256' })
      const b = makeCertificate({ subject: 'b', issuer: a, kind: 'P-256' })
      const others = [a.certificate, short.certificate]
      return judge({ leaf: b.certificate, others, roots: new Set([short.fingerprint]) })
    })(),
    'unknown critical extension': judge({ leaf: own({ extensions: [strange] }) }),
    'known to the caller': judge({ leaf: own({ extensions: [strange] }), known: ['1.2.3.4'] }),
    'expired leaf': judge({ leaf: own({ to: '2026-05-31T23:59:59Z' }) }),
    'in its last second': judge({ leaf: own({ to: '2026-06-01T00:00:00Z' }), time: NOW + 999 }),
    'after its last second': judge({ leaf: own({ to: '2026-06-01T00:00:00Z' }), time: NOW + 1000 }),
    'leaf of tomorrow': judge({ leaf: own({ from: '2026-06-01T00:00:01Z' }) }),
    'expired issuer': below({ to: '2026-05-31T00:00:00Z' }),
    'key not for that': judge({ use: 'certificate-sign' }),
    'no such purpose': judge({ purpose: '1.3.6.1.5.5.7.3.3' }),
    'its purpose': judge({ leaf: own({ purposes: ['1.3.6.1.5.5.7.3.3'] }), purpose: '1.3.6.1.5.5.7.3.3' }),
  }
  assert.deepEqual(table, {
    good: 'good',
    'the root itself': 'good',
    'other order': 'good',
    'root not given': 'chain-incomplete',
    'mid not given': 'chain-incomplete',
    'another root of that name': 'root-not-trusted',
    'forged by another key': 'bad-certificate-signature',
    'signed by another algorithm': 'bad-certificate-signature',
    'not an issuer': 'certificate-misused',
    'may not sign certificates': 'certificate-misused',
    'too many below it': 'certificate-misused',
    'unknown critical extension': 'unknown-critical-extension',
    'known to the caller': 'good',
    'expired leaf': 'certificate-expired',
    'in its last second': 'good',
    'after its last second': 'certificate-expired',
    'leaf of tomorrow': 'certificate-not-yet-valid',
    'expired issuer': 'certificate-expired',
    'key not for that': 'certificate-misused',
    'no such purpose': 'certificate-misused',
    'its purpose': 'good',
  })
})

test('certificates that lead in a circle, and very many, come to an end', () => {
  const a = makeCertificate({ subject: 'a', ca: true, kind: 'P-256' })
  const b = makeCertificate({ subject: 'b', issuer: a, ca: true, kind: 'P-256' })
  const back = makeCertificate({ subject: 'a', issuer: b, ca: true, kind: 'P-256', keys: keysOf(a) })
  assert.equal(judge({ leaf: b.certificate, others: [back.certificate, b.certificate] }), 'chain-incomplete')
  const many = Array.from({ length: 200 }, () => mid.certificate)
  assert.equal(judge({ others: [...many.slice(0, MOST_CERTIFICATES), root.certificate] }), 'chain-incomplete')
  let issuer = root
  const line = [root.certificate]
  for (let i = 0; i < 10; i++) {
    issuer = makeCertificate({ subject: `n${i}`, issuer, ca: true, kind: 'P-256' })
    line.push(issuer.certificate)
  }
  assert.equal(judge({ leaf: issuer.certificate, others: line }), 'chain-incomplete')
})

function keysOf(made: typeof root) {
  return { privateKey: made.privateKey, publicKey: createPublicKey(made.privateKey) }
}

test('a list of revocations: by whom, when, and what it does not say', () => {
  const outcome = (crl: Uint8Array, time = NOW, issuer = mid) =>
    checkRevocation(leaf.certificate, issuer.certificate, [parseRevocationList(crl)], time, suite).outcome
  const from = '2026-05-01T00:00:00Z'
  const to = '2026-07-01T00:00:00Z'
  const entry = { certificate: leaf.certificate, time: '2026-05-15T00:00:00Z' }
  assert.equal(outcome(makeCrl(mid, [], { from, to })), 'not-revoked')
  assert.equal(outcome(makeCrl(mid, [entry], { from, to })), 'revoked')
  assert.equal(outcome(makeCrl(root, [entry], { from, to })), 'none')
  assert.equal(outcome(makeCrl(mid, [], { from, to, signWith: stranger })), 'bad')
  assert.equal(outcome(makeCrl(mid, [], { from, to }), Date.parse(to) + 1), 'out-of-date')
  assert.equal(outcome(makeCrl(mid, [], { from, to }), Date.parse(from) - 1), 'out-of-date')
  // What was revoked stays so, also by an old list; what was revoked later was not yet.
  assert.equal(outcome(makeCrl(mid, [entry], { from, to }), Date.parse(to) + 1), 'revoked')
  assert.equal(
    outcome(makeCrl(mid, [entry], { from, to }), Date.parse('2026-05-14T00:00:00Z')),
    'not-revoked',
  )
  const noLists = makeCertificate({
    subject: 'mid',
    issuer: root,
    ca: true,
    usage: ['certificate-sign'],
    kind: 'P-256',
  })
  assert.equal(outcome(makeCrl(mid, [], { from, to }), NOW, noLists), 'bad')
})

test('a list that does not say when the next one comes answers for its own moment alone', () => {
  const crl = parseRevocationList(makeCrl(mid, [], { from: '2026-05-01T00:00:00Z', to: null }))
  const at = (time: number) => checkRevocation(leaf.certificate, mid.certificate, [crl], time, suite).outcome
  assert.equal(crl.nextUpdate, undefined)
  assert.equal(at(Date.parse('2026-05-01T00:00:00Z')), 'not-revoked')
  assert.equal(at(NOW), 'out-of-date')
})

test('of two entries for one certificate the earlier counts', () => {
  const entries = ['2026-05-15T00:00:00Z', '2099-01-01T00:00:00Z'].map(time => ({
    certificate: leaf.certificate,
    time,
  }))
  for (const list of [entries, entries.toReversed()]) {
    const crl = parseRevocationList(makeCrl(mid, list, { from: '2026-05-01T00:00:00Z' }))
    assert.equal(checkRevocation(leaf.certificate, mid.certificate, [crl], NOW, suite).outcome, 'revoked')
  }
})

test('who answers about revocations speaks for an authority in nothing else', () => {
  const purposes = [OCSP_SIGNING]
  const responder = makeCertificate({ subject: 'answers', issuer: mid, kind: 'P-256', purposes })
  assert.equal(judge({ leaf: responder.certificate }), 'certificate-misused')
  assert.equal(judge({ leaf: responder.certificate, purpose: OCSP_SIGNING }), 'good')
})

test('each byte of a list counts', () => {
  const entry = { certificate: leaf.certificate, time: '2026-05-15T00:00:00Z', reason: 6 }
  const crl = makeCrl(mid, [entry], { from: '2026-05-01T00:00:00Z' })
  for (let at = 0; at < crl.length; at++) {
    const altered = crl.slice()
    altered[at]! ^= 1
    let outcome: string
    try {
      outcome = checkRevocation(
        leaf.certificate,
        mid.certificate,
        [parseRevocationList(altered)],
        NOW,
        suite,
      ).outcome
    } catch {
      continue
    }
    assert.ok(outcome === 'bad' || outcome === 'none', `byte ${at}: ${outcome}`)
  }
})

test('of issuers with one name a few are tried, and a renewed one among them is found', () => {
  const again = () => makeCertificate({ subject: 'mid', issuer: root, ca: true, kind: 'P-256' }).certificate
  const others = (before: number) => [
    ...Array.from({ length: before }, again),
    mid.certificate,
    root.certificate,
  ]
  assert.equal(judge({ others: others(3) }), 'good')
  assert.equal(judge({ others: others(4) }), 'bad-certificate-signature')
})
