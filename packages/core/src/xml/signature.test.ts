import assert from 'node:assert/strict'
import { createHash, createPublicKey, sign, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SignedXml } from 'xml-crypto'
import { makeManifest, manifestBody, manifestMaker } from '../../test/manifest.ts'
import { opensslSuite } from '../../test/openssl-suite.ts'
import { makeCertificate } from '../../test/x509.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { portableSuite } from '../portable.ts'
import { canonicalForm } from './canonical-form.ts'
import { parseXml, type XmlElement } from './element.ts'
import { parseSignedXml } from './signature.ts'

const VECTORS = new URL('../../../../../shared/vectors/nvidia/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const { signer, authority, root } = manifestMaker()
const options = { version: '1.2', expected: { 2: ['ab'.repeat(48)] }, inactive: [3] }
const good = fromUtf8(makeManifest(options))

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'
const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'

function outcomeOf(text: string): string {
  try {
    return parseSignedXml(utf8(text)).isSigned(opensslSuite)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return error.code
  }
}

test('a signed document is read from what was digested', () => {
  for (const suite of [opensslSuite, portableSuite])
    assert.equal(parseSignedXml(utf8(good)).isSigned(suite), 'good')
  const found = parseSignedXml(utf8(good))
  assert.equal(fromUtf8(found.bytes), manifestBody(options))
  assert.deepEqual(
    found.certificates.map(({ subject }) => subject.text),
    ['CN=Manifest signer', 'CN=Manifest CA', 'CN=Manifest root'],
  )
})

test('NVIDIA’s manifest is signed, and as it says', { skip }, () => {
  const bytes = readFileSync(new URL('nvsdk_NV_GPU_DRIVER_GH100_550.144.03.xml', VECTORS))
  const found = parseSignedXml(new Uint8Array(bytes))
  assert.equal(found.isSigned(opensslSuite), 'good')
  assert.equal(found.certificates.length, 4)
})

/** What comes to the same: another way to write the same document. */
for (const [what, from, to] of [
  ['attributes in another order', ' name="GH100">', ' name="GH100" >'],
  ['quotes of the other kind', 'active="True" alternatives="1"', "alternatives='1'  active='True'"],
  ['an empty tag', '</Meta>', '</Meta >'],
  ['a comment', '<Payload>', '<Payload><!-- nothing -->'],
  ['a character reference', 'product="GH100"></Meta>', 'product="GH&#49;00"></Meta>'],
  ['CDATA', '\n  </Payload>', '<![CDATA[\n  ]]></Payload>'],
  ['another line end', '<Payload>\n', '<Payload>\r\n'],
  ['an XML declaration', '<SoftwareIdentity', '<?xml version="1.0" encoding="utf-8"?>\n<SoftwareIdentity'],
  ['a line break in the value', '<ds:SignatureValue>', '<ds:SignatureValue>\n '],
  ['a comment after it', '</SoftwareIdentity>', '</SoftwareIdentity><!-- end -->\n'],
] as const)
  test(`the same with ${what} is the same`, () => {
    assert.ok(good.includes(from))
    const text = good.replace(from, to)
    assert.equal(outcomeOf(text), 'good')
    assert.equal(fromUtf8(parseSignedXml(utf8(text)).bytes), manifestBody(options))
  })

const signature = /<ds:Signature .*<\/ds:Signature>/.exec(good)![0]
const reference = /<ds:Reference .*<\/ds:Reference>/.exec(good)![0]
const keys = /<ds:X509Data>.*<\/ds:X509Data>/.exec(good)![0]
const bare = good.replace(signature, '')

for (const [what, text, expected] of [
  ['another value', good.replace('abab', 'abac'), 'bad-signature'],
  ['a space more', good.replace('<Payload>', '<Payload> '), 'bad-signature'],
  ['a namespace more', good.replace('<Payload>', '<Payload xmlns:n="u:n">'), 'bad-signature'],
  ['a measurement more', good.replace('</Payload>', '<Resource></Resource></Payload>'), 'bad-signature'],
  ['text beside its signature', good.replace('</ds:Signature>', '</ds:Signature> '), 'bad-signature'],
  ['no signature', bare, 'bad-endorsement'],
  ['two signatures', good.replace(signature, signature + signature), 'bad-endorsement'],
  ['its signature further in', bare.replace('</Payload>', `${signature}</Payload>`), 'bad-endorsement'],
  ['all of it within another', `<a>${good}</a>`, 'bad-endorsement'],
  [
    'all of it within another that has its signature',
    `<SoftwareIdentity xmlns="u:a">${bare}${signature}</SoftwareIdentity>`,
    'bad-signature',
  ],
  [
    'its signature in another namespace',
    good.replace(`xmlns:ds="${DSIG}"`, 'xmlns:ds="u:d"'),
    'bad-endorsement',
  ],
  ['a reference to a part', good.replace('URI=""', 'URI="#a"'), 'bad-endorsement'],
  ['a reference to elsewhere', good.replace('URI=""', 'URI="http://example.org"'), 'bad-endorsement'],
  ['a reference to nothing', good.replace(' URI=""', ''), 'bad-endorsement'],
  ['a reference with more attributes', good.replace('URI=""', 'URI="" x="1"'), 'bad-endorsement'],
  ['two references', good.replace(reference, reference + reference), 'bad-endorsement'],
  ['no reference', good.replace(reference, ''), 'bad-endorsement'],
  [
    'a transform that nobody knows',
    good.replace(`${DSIG}enveloped-signature`, 'http://www.w3.org/TR/1999/REC-xslt-19991116'),
    'bad-endorsement',
  ],
  [
    'transforms the other way round',
    good.replace(/(<ds:Transform [^>]*><\/ds:Transform>)(<ds:Transform [^>]*><\/ds:Transform>)/, '$2$1'),
    'bad-endorsement',
  ],
  [
    'a transform that holds something',
    good.replace('enveloped-signature">', 'enveloped-signature"><XPath/>'),
    'bad-endorsement',
  ],
  [
    'three transforms',
    good.replace('</ds:Transforms>', `<ds:Transform Algorithm="${C14N}"/></ds:Transforms>`),
    'bad-endorsement',
  ],
  ['a form with comments', good.replaceAll(C14N11, `${C14N}#WithComments`), 'unknown-algorithm'],
  ['a digest that is not taken', good.replace(`${MORE}sha384`, `${DSIG}sha1`), 'unknown-algorithm'],
  [
    'a method that is not taken',
    good.replace(`${MORE}ecdsa-sha384`, `${DSIG}hmac-sha1`),
    'unknown-algorithm',
  ],
  [
    'a method by the name of an object’s',
    good.replace(`${MORE}ecdsa-sha384`, 'constructor'),
    'unknown-algorithm',
  ],
  ['a form of its signature that it was not signed in', good.replace(C14N11, EXCLUSIVE), 'bad'],
  ['a value of another length', good.replace(/(<ds:SignatureValue>).{8}/, '$1'), 'bad'],
  ['a value that is none', good.replace('<ds:SignatureValue>', '<ds:SignatureValue>!'), 'bad-encoding'],
  [
    'an element in its value',
    good.replace('<ds:SignatureValue>', '<ds:SignatureValue><a/>'),
    'bad-endorsement',
  ],
  ['no keys', good.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/, ''), 'bad-endorsement'],
  ['a key by its value', good.replace(keys, '<ds:KeyValue></ds:KeyValue>'), 'bad-endorsement'],
  ['no certificates', good.replace(keys, '<ds:X509Data></ds:X509Data>'), 'bad-endorsement'],
  ['two lists of certificates', good.replace(keys, keys + keys), 'bad-endorsement'],
  ['an object beside', good.replace('</ds:KeyInfo>', '</ds:KeyInfo><ds:Object/>'), 'bad-endorsement'],
  ['text in its signature', good.replace('<ds:SignedInfo>', 'x<ds:SignedInfo>'), 'bad-endorsement'],
] as const)
  test(`a document with ${what}: ${expected}`, () => {
    assert.notEqual(text, good)
    assert.equal(outcomeOf(text), expected)
  })

test('whose certificate comes first is asked', () => {
  const other = makeCertificate({ subject: 'Other' })
  const swapped = fromUtf8(makeManifest({ ...options, certificates: [other, authority, root] }))
  assert.equal(outcomeOf(swapped), 'bad')
  const small = makeCertificate({ subject: 'Small', kind: 'P-256' })
  assert.equal(
    outcomeOf(fromUtf8(makeManifest({ ...options, certificates: [small, authority, root] }))),
    'unknown-algorithm',
  )
})

test('a document with any byte altered is rejected, or is the same in another spelling', () => {
  const bytes = utf8(good)
  let same = 0
  for (let at = 0; at < bytes.length; at++) {
    const altered = bytes.with(at, bytes[at]! ^ 1)
    try {
      const found = parseSignedXml(altered)
      if (found.isSigned(opensslSuite) !== 'good') continue
      same++
      assert.equal(fromUtf8(found.bytes), manifestBody(options), `byte ${at}`)
      // What else changed is among the certificates, of which only the key counts here: their chain is the caller's affair.
      assert.deepEqual(found.certificates[0]!.key, signer.certificate.key)
    } catch (error) {
      assert.ok(error instanceof AnswerableError, `byte ${at}: ${error}`)
    }
  }
  assert.ok(same < good.length / 2)
})

// Documents as others write them, signed and held against by another implementation.
const ODD = [
  '<a/>',
  '<a b="1" xmlns="u:a" xmlns:z="u:z" z:y="2"><z:c  x = "&quot;&#xA;"/><!-- d --> e &amp; <![CDATA[<f>]]></a>',
  '<x:a xmlns:x="u:x" x:b="1"\n   b="2">\r\n<c xmlns="u:c" xmlns:y="u:y"><y:d xmlns=""/></c>\t</x:a>',
  // With an attribute like xml:lang around the signature, it leaves out of SignedInfo what Canonical XML takes along.
  '<a xmlns:ds="u:ds"><ds:b xml:space="preserve">ü 😀 &#13;</ds:b></a>',
]
for (const [i, text] of ODD.entries())
  for (const form of [C14N, C14N11, EXCLUSIVE])
    test(`document ${i} as xml-crypto signs it in ${form.split('/').at(-1)}, and as it checks what is signed here`, () => {
      const algorithm = form === C14N11 ? C14N : form
      const signed = signWithXmlCrypto(text, algorithm)
      assert.equal(outcomeOf(signed), 'good')
      assert.equal(outcomeOf(signed.replace(/<\/[a-z:]+>\s*$/, ' $&')), 'bad-signature')
      const ours = signHere(text, algorithm)
      assert.equal(outcomeOf(ours), 'good')
      assert.equal(isGoodToXmlCrypto(ours), true)
    })

function signWithXmlCrypto(text: string, form: string): string {
  const one = new SignedXml({
    privateKey: signer.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicCert: signer.pem,
    canonicalizationAlgorithm: form as never,
    signatureAlgorithm: `${MORE}ecdsa-sha384`,
  })
  withAlgorithms(one)
  one.addReference({
    xpath: '/*',
    uri: '',
    isEmptyUri: true,
    transforms: [`${DSIG}enveloped-signature`, form],
    digestAlgorithm: `${MORE}sha384`,
  })
  one.computeSignature(text, { prefix: 'ds' })
  return one.getSignedXml()
}

function isGoodToXmlCrypto(text: string): boolean {
  const found = /<s:Signature .*<\/s:Signature>/s.exec(text)![0]
  const one = new SignedXml({ publicCert: signer.pem })
  withAlgorithms(one)
  one.loadSignature(found)
  return one.checkSignature(text)
}

/** With what is tested here, around `text` as it is. */
function signHere(text: string, form: string): string {
  const digest = createHash('sha384')
    .update(canonicalForm(parseXml(utf8(text)), FORMS[form]!))
    .digest('base64')
  const open = /^(<[^>]*?)\/>$/s.exec(text)
  const [head, tail] =
    open === null
      ? [text.slice(0, text.lastIndexOf('</')), text.slice(text.lastIndexOf('</'))]
      : [`${open[1]}>`, '</a>']
  const info =
    `<s:SignedInfo><s:CanonicalizationMethod Algorithm="${form}"/><s:SignatureMethod Algorithm="${MORE}ecdsa-sha384"/>` +
    `<s:Reference URI=""><s:Transforms><s:Transform Algorithm="${DSIG}enveloped-signature"/><s:Transform Algorithm="${form}"/>` +
    `</s:Transforms><s:DigestMethod Algorithm="${MORE}sha384"/><s:DigestValue>${digest}</s:DigestValue></s:Reference></s:SignedInfo>`
  const certificate = Buffer.from(signer.der).toString('base64')
  const whole = (value: string) =>
    `${head}<s:Signature xmlns:s="${DSIG}">${info}<s:SignatureValue>${value}</s:SignatureValue><s:KeyInfo><s:X509Data>` +
    `<s:X509Certificate>${certificate}</s:X509Certificate></s:X509Data></s:KeyInfo></s:Signature>${tail}`
  const root = parseXml(utf8(whole('')))
  const own = root.children.findLast(child => typeof child !== 'string') as XmlElement
  const [signedInfo] = own.children as [XmlElement]
  const message = canonicalForm(signedInfo, FORMS[form]!, [root, own])
  const value = sign('sha384', message, { key: signer.privateKey, dsaEncoding: 'ieee-p1363' })
  return whole(value.toString('base64'))
}

const FORMS: Record<string, 'inclusive' | 'exclusive'> = { [C14N]: 'inclusive', [EXCLUSIVE]: 'exclusive' }
const KEY = { key: createPublicKey(signer.pem), dsaEncoding: 'ieee-p1363' } as const

/** It knows none with SHA-384 by itself. */
function withAlgorithms(one: SignedXml): void {
  one.SignatureAlgorithms[`${MORE}ecdsa-sha384`] = class {
    getSignature = (info: unknown) =>
      sign('sha384', Buffer.from(info as string), {
        key: signer.privateKey,
        dsaEncoding: 'ieee-p1363',
      }).toString('base64') as never
    verifySignature = (info: string, _key: unknown, value: string) =>
      verify('sha384', Buffer.from(info), KEY, Buffer.from(value, 'base64'))
    getAlgorithmName = () => `${MORE}ecdsa-sha384`
  } as never
  one.HashAlgorithms[`${MORE}sha384`] = class {
    getHash = (xml: string) => createHash('sha384').update(xml).digest('base64')
    getAlgorithmName = () => `${MORE}sha384`
  } as never
}
