import assert from 'node:assert/strict'
import { createHmac, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { compactVerify, SignJWT } from 'jose'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { ALGORITHMS, type Algorithm, jwkOf, keySet, makeKey, makeToken, part } from '../../../test/tokens.ts'
import { makeCertificate } from '../../../test/x509.ts'
import { concat, fromBase64Url, toBase64, toBase64Url, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import { parsePublicKey } from '../../x509/index.ts'
import { checkJws, parseJws } from './jws.ts'
import { parseKeySet } from './key-set.ts'

const CLAIMS = { iss: 'me', exp: 2_000_000_000, text: 'ü' }
const KEYS = new Map(ALGORITHMS.map(algorithm => [algorithm, makeKey(algorithm)]))

function publicKeyOf(algorithm: Algorithm) {
  const spki = createPublicKey(KEYS.get(algorithm)!.privateKey).export({ type: 'spki', format: 'der' })
  return parsePublicKey(new Uint8Array(spki))
}

function codeOf(token: string | Uint8Array): string {
  try {
    parseJws(token)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${error}`)
    return error.code
  }
  return 'read'
}

for (const algorithm of ALGORITHMS)
  test(`${algorithm}: made here and by jose, read here and by jose, with no key of another sort`, async () => {
    const key = KEYS.get(algorithm)!
    const ours = makeToken(CLAIMS, key)
    const { payload } = await compactVerify(ours, createPublicKey(key.privateKey))
    assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), CLAIMS)
    const theirs = await new SignJWT(CLAIMS).setProtectedHeader({ alg: algorithm }).sign(key.privateKey)
    for (const token of [ours, theirs]) {
      const jws = parseJws(token)
      assert.deepEqual(jws.claims, CLAIMS)
      for (const other of ALGORITHMS) {
        const same = other === algorithm
        assert.equal(checkJws(jws, publicKeyOf(other), opensslSuite), same, other)
      }
      assert.equal(checkJws(jws, publicKeyOf(algorithm), portableSuite), true)
    }
    // Signed by the very key, under the name of each other algorithm.
    for (const other of ALGORITHMS.filter(one => one !== algorithm)) {
      const renamed = parseJws(makeToken(CLAIMS, key, { header: { alg: other } }))
      assert.equal(checkJws(renamed, publicKeyOf(algorithm), opensslSuite), false, other)
    }
  })

test('no algorithm that needs no key, or a secret one', () => {
  const key = KEYS.get('RS256')!
  const spki = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' })
  for (const alg of ['none', 'None', 'HS256', 'HS512', 'RSA1_5', 'dir', 'constructor', '__proto__', 'ES256K'])
    assert.equal(codeOf(makeToken(CLAIMS, key, { header: { alg } })), 'unknown-algorithm', alg)
  const signed = `${part('{"alg":"HS256"}')}.${part(JSON.stringify(CLAIMS))}`
  const mac = createHmac('sha256', spki).update(signed).digest()
  assert.equal(codeOf(`${signed}.${toBase64Url(mac)}`), 'unknown-algorithm')
  assert.equal(codeOf(`${part('{"alg":"none"}')}.${part('{}')}.`), 'unknown-algorithm')
})

test('what is no token, each with its code', () => {
  const key = KEYS.get('ES256')!
  const good = makeToken(CLAIMS, key)
  const [header, claims, signature] = good.split('.') as [string, string, string]
  const rows: [string, string | Uint8Array, string][] = [
    ['nothing', '', 'bad-evidence'],
    ['two parts', `${header}.${claims}`, 'bad-evidence'],
    ['four parts', `${good}.`, 'bad-evidence'],
    ['five parts', `${good}..`, 'bad-evidence'],
    ['a line after it', `${good}\n`, 'bad-evidence'],
    ['a space before it', ` ${good}`, 'bad-evidence'],
    ['padding', `${header}=.${claims}.${signature}`, 'bad-evidence'],
    ['the other alphabet', `${header}.${claims}.${'+'.repeat(86)}`, 'bad-evidence'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe), 'bad-evidence'],
    ['too long', 'a'.repeat(65_537), 'too-large'],
    [
      'header twice',
      makeToken(CLAIMS, key, { headerText: '{"alg":"ES256","alg":"ES256"}' }),
      'duplicate-key',
    ],
    ['claim twice', makeToken(CLAIMS, key, { claimsText: '{"exp":1,"exp":2000000000}' }), 'duplicate-key'],
    [
      'claim twice by escape',
      makeToken(CLAIMS, key, { claimsText: '{"exp":1,"\\u0065xp":2}' }),
      'duplicate-key',
    ],
    ['deep', makeToken(CLAIMS, key, { claimsText: `{"a":${'['.repeat(99)}${']'.repeat(99)}}` }), 'too-deep'],
    ['no JSON', makeToken(CLAIMS, key, { claimsText: '{"exp":1,}' }), 'bad-evidence'],
    ['no object', makeToken(CLAIMS, key, { claimsText: '[]' }), 'bad-evidence'],
    ['no header object', makeToken(CLAIMS, key, { headerText: '"ES256"' }), 'bad-evidence'],
    ['no alg', makeToken(CLAIMS, key, { headerText: '{}' }), 'bad-evidence'],
    ['a number for alg', makeToken(CLAIMS, key, { headerText: '{"alg":256}' }), 'bad-evidence'],
    ['crit', makeToken(CLAIMS, key, { header: { crit: ['exp'] } }), 'bad-evidence'],
    ['empty crit', makeToken(CLAIMS, key, { header: { crit: [] } }), 'bad-evidence'],
    ['b64', makeToken(CLAIMS, key, { header: { b64: false } }), 'bad-evidence'],
    ['empty x5c', makeToken(CLAIMS, key, { header: { x5c: [] } }), 'bad-evidence'],
    ['nine of x5c', makeToken(CLAIMS, key, { header: { x5c: Array(9).fill('AAAA') } }), 'bad-evidence'],
    ['x5c in base64url', makeToken(CLAIMS, key, { header: { x5c: ['__8'] } }), 'bad-evidence'],
    ['a number for kid', makeToken(CLAIMS, key, { header: { kid: 1 } }), 'bad-evidence'],
  ]
  for (const [what, token, code] of rows) assert.equal(codeOf(token), code, what)
})

test('a signature has one spelling', () => {
  const token = makeToken(CLAIMS, KEYS.get('ES384')!)
  const key = publicKeyOf('ES384')
  assert.equal(checkJws(parseJws(token), key, opensslSuite), true)
  const short = makeToken(CLAIMS, KEYS.get('ES256')!)
  for (const fill of ['', 'AAAA', 'A'.repeat(128), 'A'.repeat(200)]) {
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${fill}`
    assert.equal(checkJws(parseJws(forged), key, opensslSuite), false)
  }
  assert.equal(checkJws(parseJws(short), key, opensslSuite), false)
})

test('key sets: keys of each kind, by number and by certificate', () => {
  const made = makeCertificate({ subject: 'signer', kind: 'RSA-PKCS1' })
  const certified = { algorithm: 'RS256' as const, id: 'by certificate', privateKey: made.privateKey }
  const onlyCertificate = { kty: 'RSA', kid: 'by certificate', x5c: [toBase64(made.der)] }
  const set = parseKeySet(
    keySet(...[...KEYS.values()].map(key => jwkOf(key)), onlyCertificate, {
      ...jwkOf(certified),
      kid: 'both',
      x5c: [toBase64(made.der)],
    }),
  )
  assert.deepEqual(
    set.map(({ id }) => id),
    [...[...KEYS.values()].map(({ id }) => id), 'by certificate', 'both'],
  )
  for (const key of KEYS.values()) {
    const jws = parseJws(makeToken(CLAIMS, key))
    assert.equal(checkJws(jws, set.find(({ id }) => id === key.id)!.key, opensslSuite), true, key.id)
  }
  const jws = parseJws(makeToken(CLAIMS, certified))
  for (const { key, certificate } of set.slice(-2)) {
    assert.equal(checkJws(jws, key, opensslSuite), true)
    assert.equal(certificate?.notAfter, made.certificate.notAfter)
  }
})

test('key sets: what is no key of a set is left out, and what is no set is refused', () => {
  const good = jwkOf(KEYS.get('ES256')!)
  const rsa = jwkOf(KEYS.get('RS256')!)
  const other = makeCertificate({ subject: 'other', kind: 'P-256' })
  const bad = [
    { ...good, kid: undefined },
    { ...good, use: 'enc' },
    { ...good, kty: 'oct', k: 'AAAA' },
    { ...good, crv: 'secp256k1' },
    { ...good, x: 'AAAA' },
    { ...good, y: undefined },
    { ...good, x5c: [toBase64(other.der)] },
    { ...good, x5c: ['AAAA'] },
    { ...rsa, e: 'AQ' },
    { ...rsa, e: 'AAEAAQ' },
    { ...rsa, n: 'AQAB' },
    { ...rsa, n: toBase64Url(concat(Uint8Array.of(0), fromBase64Url(rsa.n as string))) },
    { kty: 'OKP', crv: 'X25519', x: 'AAAA', kid: 'x' },
  ]
  for (const one of bad) {
    const set = parseKeySet(utf8(JSON.stringify({ keys: [one, good] })))
    assert.deepEqual(set.map(({ id }) => id), [good.kid], JSON.stringify(one)) // biome-ignore format: a row
  }
  const fails = (text: string): string => {
    try {
      parseKeySet(utf8(text))
      return 'read'
    } catch (error) {
      assert.ok(error instanceof AnswerableError)
      return error.code
    }
  }
  assert.equal(fails('[]'), 'bad-endorsement')
  assert.equal(fails('{}'), 'bad-endorsement')
  assert.equal(fails('{"keys":{}}'), 'bad-endorsement')
  assert.equal(fails('{"keys":[],"keys":[]}'), 'duplicate-key')
  assert.equal(fails(JSON.stringify({ keys: Array(129).fill({}) })), 'bad-endorsement')
})

test('no text makes it throw anything else', () => {
  const token = makeToken(CLAIMS, KEYS.get('ES256')!)
  const edit = fc.tuple(fc.nat(token.length), fc.nat(5), fc.string({ maxLength: 5 }))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(edit, { maxLength: 3 })), input => {
      const text =
        typeof input === 'string'
          ? input
          : input.reduce((now, [at, cut, more]) => now.slice(0, at) + more + now.slice(at + cut), token)
      codeOf(text)
    }),
    { numRuns: 2000 },
  )
})
