/**
 * Signatures inside the document that they sign (XML Signature 1.1, enveloped): one reference, to the whole of it without
 * its signature. What a caller goes on to read is read from the very bytes that were digested, so nothing that is put
 * around or beside them comes to be believed.
 */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { equal, fromBase64 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import {
  type Certificate,
  checkSignature,
  ecdsaDer,
  parseCertificate,
  type SignatureAlgorithm,
} from '../x509/index.ts'
import { CANONICAL_FORMS, type CanonicalForm, canonicalForm } from './canonical-form.ts'
import { attributeOf, childElements, parseXml, textOf, type XmlElement } from './element.ts'

export interface SignedXml {
  /** What the reference covers, read anew from the bytes that were digested. */
  signed: XmlElement
  /** Those bytes. */
  bytes: Uint8Array
  /** From its KeyInfo, the signer's first; who they are is for the caller to find out. */
  certificates: Certificate[]
  /** Whether the key of the first certificate signed this. */
  isSigned(suite: Suite): 'good' | 'bad' | 'unknown-algorithm'
}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const ENVELOPED = `${DSIG}enveloped-signature`
const DIGESTS: Record<string, (data: Uint8Array) => Uint8Array> = {
  'http://www.w3.org/2001/04/xmlenc#sha256': sha256,
  'http://www.w3.org/2001/04/xmldsig-more#sha384': sha384,
  // As some write it, from the namespace of the other two.
  'http://www.w3.org/2001/04/xmlenc#sha384': sha384,
  'http://www.w3.org/2001/04/xmlenc#sha512': sha512,
}
const METHODS: Record<string, { algorithm: SignatureAlgorithm; size: number }> = {
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256': {
    algorithm: { kind: 'ecdsa', hash: 'SHA-256' },
    size: 32,
  },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': {
    algorithm: { kind: 'ecdsa', hash: 'SHA-384' },
    size: 48,
  },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512': {
    algorithm: { kind: 'ecdsa', hash: 'SHA-512' },
    size: 66,
  },
}
const MOST_SIGNERS = 8

/**
 * Throws `bad-signature` where the document is not what was digested, `unknown-algorithm`, `bad-endorsement` for whatever
 * else is not as it should be, and as `parseXml` and `parseCertificate` do.
 */
export function parseSignedXml(bytes: Uint8Array): SignedXml {
  const root = parseXml(bytes)
  const [signature, second] = root.children.filter(child => typeof child !== 'string').filter(isSignature)
  if (signature === undefined || second !== undefined) bad('it has not one signature of its own')
  const [info, value, keys, ...more] = childElements(named(signature, 'Signature', ['Id']))
  if (more.length > 0) bad('its signature holds more than belongs')
  const [form, method, reference, another] = childElements(named(info, 'SignedInfo', ['Id']))
  if (another !== undefined) bad('its signature refers to several things')
  const signedForm = known(CANONICAL_FORMS, named(form, 'CanonicalizationMethod', ['Algorithm']))
  const { algorithm, size } = known(METHODS, named(method, 'SignatureMethod', ['Algorithm']))
  const covered = readReference(named(reference, 'Reference', ['Id', 'URI', 'Type']))
  const body = canonicalForm(root, covered.form, [], signature)
  if (!equal(covered.digest(body), covered.value))
    throw new AnswerableError('bad-signature', 'XML signature: the document is not what was signed')
  const message = canonicalForm(info!, signedForm, [root, signature])
  const raw = decode(named(value, 'SignatureValue', ['Id']))
  const certificates = readCertificates(named(keys, 'KeyInfo', ['Id']))
  return {
    signed: parseXml(body),
    bytes: body,
    certificates,
    isSigned(suite) {
      const der = ecdsaDer(raw, size)
      return der === undefined ? 'bad' : checkSignature(certificates[0]!.key, algorithm, message, der, suite)
    },
  }
}

/** Section 4.4.3, of which only this is taken: the document itself, less the signature, in a canonical form. */
function readReference(reference: XmlElement) {
  if (attributeOf(reference, 'URI') !== '') bad('its signature refers to something else than all of it')
  const [transforms, method, value, ...more] = childElements(reference)
  if (more.length > 0) bad('its reference holds more than belongs')
  const [first, second, third] = childElements(named(transforms, 'Transforms', []))
  if (third !== undefined || attributeOf(named(first, 'Transform', ['Algorithm']), 'Algorithm') !== ENVELOPED)
    bad('its signature does not refer to all but itself')
  empty(first!)
  // A document that is left as it is, is digested in the first of the forms (section 4.4.3.2).
  const form: CanonicalForm =
    second === undefined ? 'inclusive' : known(CANONICAL_FORMS, named(second, 'Transform', ['Algorithm']))
  return {
    form,
    digest: known(DIGESTS, named(method, 'DigestMethod', ['Algorithm'])),
    value: decode(named(value, 'DigestValue', [])),
  }
}

function readCertificates(keys: XmlElement): Certificate[] {
  const [data, other] = childElements(keys)
  if (other !== undefined) bad('it names its signer in several ways')
  const list = childElements(named(data, 'X509Data', []))
  if (list.length === 0 || list.length > MOST_SIGNERS) bad(`it has not 1 to ${MOST_SIGNERS} certificates`)
  return list.map(one => parseCertificate(decode(named(one, 'X509Certificate', []))))
}

function isSignature({ local, namespace }: XmlElement): boolean {
  return local === 'Signature' && namespace === DSIG
}

/** An element of that name, with no attributes but these. */
function named(element: XmlElement | undefined, local: string, attributes: readonly string[]): XmlElement {
  if (element?.namespace !== DSIG || element.local !== local)
    bad(`its signature has no ${local} where it belongs`)
  for (const one of element.attributes)
    if (one.namespace !== '' || !attributes.includes(one.local)) bad(`its ${local} has an attribute too many`)
  return element
}

/** What its algorithm is here, which has no parameters. */
function known<T>(table: Readonly<Record<string, T>>, element: XmlElement): T {
  const algorithm = attributeOf(element, 'Algorithm') ?? ''
  if (!Object.hasOwn(table, algorithm))
    throw new AnswerableError('unknown-algorithm', `XML signature: a ${element.local} that is not known here`)
  empty(element)
  return table[algorithm]!
}

function empty(element: XmlElement): void {
  if (element.children.length > 0) bad(`its ${element.local} holds something`)
}

function decode(element: XmlElement): Uint8Array {
  return fromBase64(textOf(element).replace(/[ \t\r\n]+/g, ''))
}

function bad(what: string): never {
  throw new AnswerableError('bad-endorsement', `XML signature: ${what}`)
}
