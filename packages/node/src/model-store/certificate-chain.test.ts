import assert from 'node:assert/strict'
import { generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import fc from 'fast-check'
import {
  type CertificateOptions,
  CODE_SIGNING,
  type Made,
  makeCertificate,
  SERVER,
} from './certificate.fixture.ts'
import { checkChain, readCertificates } from './certificate-chain.ts'

const T = Date.parse('2026-06-01T00:00:00Z')
const root = makeCertificate({ subject: 'root', ca: true })
const middle = makeCertificate({ subject: 'middle', issuer: root, ca: true, curve: 'P-384' })
const leaf = makeCertificate({ subject: 'leaf', issuer: middle, purposes: [CODE_SIGNING] })

const check = (chain: readonly Made[], roots: readonly Made[] = [root], time = T): X509Certificate =>
  checkChain(
    chain.map(({ certificate }) => certificate.raw),
    roots.map(({ certificate }) => certificate),
    time,
  )
const refused = (chain: readonly Made[], message: RegExp, roots?: readonly Made[], time?: number) =>
  assert.throws(
    () => check(chain, roots, time),
    error =>
      error instanceof AnswerableError && error.code === 'bad-certificate' && message.test(error.message),
    String(message),
  )

test('a chain leads to a root, whatever the order of what came along and however much of it', () => {
  const other = makeCertificate({ subject: 'other', ca: true })
  for (const chain of [
    [leaf, middle],
    [leaf, middle, root],
    [leaf, other, root, middle],
    [leaf, middle, middle],
  ])
    assert.ok(check(chain).raw.equals(leaf.certificate.raw))
  assert.ok(
    check([leaf], [middle]).raw.equals(leaf.certificate.raw),
    'a root of the reader’s need not be the last',
  )
  const alone = makeCertificate({ subject: 'alone' })
  assert.ok(check([alone], [alone]))
})

test('what stands in the way is named', () => {
  const made = (options: Partial<CertificateOptions>) =>
    makeCertificate({ subject: 'leaf', issuer: middle, purposes: [CODE_SIGNING], ...options })
  const late = Date.parse('2027-06-01T00:00:00Z')
  const impostor = makeCertificate({ subject: 'root', ca: true })
  const forged = made({ signWith: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey })
  const noIssuer = makeCertificate({ subject: 'middle', issuer: root, usage: [0, 5] })
  const narrow = makeCertificate({ subject: 'narrow', ca: true, pathLength: 0 })
  const under = makeCertificate({ subject: 'under', issuer: narrow, ca: true })
  const noKeys = makeCertificate({ subject: 'none', issuer: root, ca: true, usage: [0] })
  refused([], /no certificate/)
  refused([leaf], /leads to none/)
  refused([leaf, middle], /leads to none/, [])
  refused([leaf, middle], /did not sign/, [impostor])
  refused([forged, middle], /did not sign/)
  refused([leaf, middle], /valid from/, [root], late)
  refused([leaf, middle], /valid from/, [root], Date.parse('2025-12-31T23:59:59Z'))
  refused([made({ to: '2026-05-31T00:00:00Z' }), middle], /valid from/)
  refused([made({ purposes: [SERVER] }), middle], /not for signing/)
  refused([made({ usage: [5] }), middle], /not for signing/)
  refused([makeCertificate({ subject: 'x', issuer: root, usage: undefined })], /not for signing/)
  refused([made({ strange: true }), middle], /asks for 1\.2\.3\.4/)
  refused([makeCertificate({ subject: 'x', issuer: noIssuer }), noIssuer], /may not issue/)
  refused([makeCertificate({ subject: 'x', issuer: noKeys }), noKeys], /may not issue|leads to none/)
  refused([makeCertificate({ subject: 'x', issuer: under }), under], /allows 0 certificates below/, [narrow])
  assert.ok(check([makeCertificate({ subject: 'x', issuer: narrow })], [narrow]))
})

test('certificates that fit each other in many ways end', () => {
  const ring = Array.from({ length: 15 }, () => makeCertificate({ subject: 'same', ca: true }))
  const last = makeCertificate({ subject: 'leaf', issuer: ring[0]!, purposes: [CODE_SIGNING] })
  const started = performance.now()
  refused([last, ...ring], /leads to none/)
  assert.ok(performance.now() - started < 10_000)
})

test('a flip of any byte of a chain never gives another signer', () => {
  const chain = [leaf, middle].map(({ certificate }) => certificate.raw)
  const spki = leaf.certificate.publicKey.export({ type: 'spki', format: 'der' })
  fc.assert(
    fc.property(fc.nat(1), fc.nat(10_000), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
      const changed = chain.map(raw => Buffer.from(raw))
      changed[which]![at % changed[which]!.length]! ^= mask
      try {
        const signer = checkChain(changed, [root.certificate], T)
        assert.ok(signer.publicKey.export({ type: 'spki', format: 'der' }).equals(spki))
      } catch (error) {
        assert.ok(error instanceof AnswerableError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('certificates in PEM', () => {
  assert.equal(readCertificates(`text\n${root.pem}${middle.pem}`).length, 2)
  for (const text of ['', 'no', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])
    assert.throws(() => readCertificates(text), /certificate/)
})
