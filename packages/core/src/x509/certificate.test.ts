/** Certificates: held against another reader of them, and every byte of one altered. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { extension, type KeyKind, makeCertificate, sequence, signedDer } from '../../test/x509.ts'
import { AnswerableError } from '../error.ts'
import { portableSuite } from '../portable.ts'
import { parseCertificate } from './certificate.ts'
import { checkChain } from './chain.ts'
import { readDer, TAG, within } from './der.ts'
import { readPem, readPemCertificates } from './pem.ts'

const KINDS: KeyKind[] = ['P-256', 'P-384', 'RSA-PKCS1', 'RSA-PSS', 'Ed25519']
const NOW = Date.parse('2026-06-01T00:00:00Z')

function agree(der: Uint8Array): void {
  const ours = parseCertificate(der)
  const theirs = new X509Certificate(der)
  assert.equal(
    ours.serial.replace(/^00/, '').toUpperCase().padStart(theirs.serialNumber.length, '0'),
    theirs.serialNumber,
  )
  assert.equal(ours.notBefore, theirs.validFromDate.getTime())
  assert.equal(ours.notAfter, theirs.validToDate.getTime())
  assert.equal(ours.issues !== undefined, theirs.ca)
  assert.deepEqual(Buffer.from(ours.key.spki), theirs.publicKey.export({ type: 'spki', format: 'der' }))
  assert.deepEqual([...(ours.purposes ?? [])], theirs.keyUsage ?? [])
  for (const [name, value] of ours.subject.parts) assert.ok(theirs.subject.includes(value), name)
}

test('node:crypto reads the same of certificates with each kind of key', () => {
  for (const kind of KINDS) {
    const root = makeCertificate({ subject: 'root', ca: true, kind })
    agree(root.der)
    agree(makeCertificate({ subject: 'leaf', issuer: root, kind, purposes: ['1.3.6.1.5.5.7.3.3'] }).der)
  }
})

const SHARED = new URL('../../../../../shared/vectors/', import.meta.url)
test('and of the vendors’ own', t => {
  if (!existsSync(SHARED)) return t.skip('shared/vectors is not here')
  let seen = 0
  for (const folder of ['nitro', 'sev-snp', 'nvidia', 'jwt', 'tdx']) {
    for (const name of readdirSync(new URL(folder, SHARED))) {
      const bytes = new Uint8Array(readFileSync(new URL(`${folder}/${name}`, SHARED)))
      const list = /\.(pem|crt)$|CertChain/.test(name)
        ? readPemCertificates(Buffer.from(bytes).toString('latin1'))
        : /\.(der|testcer)$/.test(name) && !name.includes('crl')
          ? [bytes]
          : []
      for (const der of list) {
        agree(der)
        seen++
      }
    }
  }
  assert.ok(seen > 20, `${seen}`)
})

test('each byte of a certificate counts', () => {
  for (const kind of ['P-384', 'RSA-PSS'] as const) {
    const root = makeCertificate({ subject: 'root', ca: true, kind })
    const leaf = makeCertificate({ subject: 'leaf', issuer: root, kind })
    const roots = new Set([root.fingerprint])
    const good = (der: Uint8Array) => {
      const chain = checkChain({
        leaf: parseCertificate(der),
        others: [root.certificate],
        roots,
        time: NOW,
        suite: portableSuite,
      })
      return chain.fault === undefined && chain.timeFault === undefined
    }
    assert.ok(good(leaf.der))
    for (let at = 0; at < leaf.der.length; at++) {
      const altered = leaf.der.slice()
      altered[at]! ^= 1 << (at % 8)
      let accepted: boolean
      try {
        accepted = good(altered)
      } catch (error) {
        assert.ok(error instanceof AnswerableError)
        continue
      }
      assert.ok(!accepted, `${kind}: byte ${at} of ${leaf.der.length}`)
    }
    for (let length = 0; length < leaf.der.length; length += 7)
      assert.throws(() => parseCertificate(leaf.der.subarray(0, length)), AnswerableError)
  }
})

test('what is written twice, or two ways, is refused', () => {
  const made = makeCertificate({ subject: 'one' })
  const [body] = within(readDer(made.der), TAG.sequence, 'certificate')
  const fields = within(body, TAG.sequence, 'body').map(({ whole }) => whole)
  const again = (change: (fields: Uint8Array[]) => Uint8Array[]) =>
    signedDer(sequence(...change([...fields])), made)
  const twice = extension('2.5.29.15', true, Uint8Array.of(3, 2, 7, 0x80))
  const refused: [string, Uint8Array][] = [
    ['version 1', again(list => list.slice(1))],
    ['version 2', again(([, ...rest]) => [Uint8Array.of(0xa0, 3, 2, 1, 1), ...rest])],
    ['an extension twice', again(list => [...list.slice(0, -1), wrap(sequence(twice, twice))])],
    [
      'false spelt out of place',
      again(list => [
        ...list.slice(0, -1),
        wrap(sequence(sequence(...parts(), Buffer.of(1, 1, 1), Buffer.of(4, 0)))),
      ]),
    ],
    ['two algorithms', swapAlgorithm(made.der)],
  ]
  for (const [what, der] of refused)
    assert.throws(
      () => parseCertificate(der),
      (error: unknown) => error instanceof AnswerableError,
      what,
    )

  function wrap(list: Uint8Array): Uint8Array {
    return Buffer.concat([Buffer.of(0xa3, list.length), list])
  }
  function parts(): Uint8Array[] {
    return [Buffer.of(6, 3, 0x55, 0x1d, 0x0f)]
  }
  function swapAlgorithm(der: Uint8Array): Uint8Array {
    const [tbs, , signature] = within(readDer(der), TAG.sequence, 'certificate').map(({ whole }) => whole)
    return sequence(tbs!, sequence(Buffer.of(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)), signature!)
  }
})

test('names are shown without what a terminal would obey', () => {
  const { certificate } = makeCertificate({ subject: '\u001b[31mred\u202e' })
  assert.ok(!/[\p{Cc}\p{Cf}]/u.test(certificate.subject.text))
})

test('PEM: text around blocks is skipped, blocks without an end are not', () => {
  const { pem, der } = makeCertificate({ subject: 'one' })
  assert.deepEqual(Buffer.from(readPemCertificates(`words\n${pem}more\n${pem}`)[1]!), Buffer.from(der))
  for (const wrong of [
    pem.slice(0, -10),
    pem.replace('END CERTIFICATE', 'END CERTIFICATE2'),
    pem.replace(/[A-Za-z]{4}\n/, '!!!!\n'),
  ])
    assert.throws(() => readPem(wrong), AnswerableError)
  assert.throws(
    () => readPem(pem.repeat(65)),
    (error: unknown) => (error as AnswerableError).code === 'too-large',
  )
})
