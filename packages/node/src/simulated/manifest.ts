/**
 * Simulated: manifests like NVIDIA's, for drills and tests, under a root made here that nobody trusts by default. They are written in canonical form by hand, so what is digested is the text itself and no
 * canonicalization has a part in making them.
 */
import { createHash, sign } from 'node:crypto'
import { type Made, makeCertificate } from './certificates.ts'

export interface ManifestOptions {
  version: string
  product?: string
  /** By the number that reports have, from 1; each with its alternatives. */
  expected: Readonly<Record<number, readonly string[]>>
  /** Named, and not asked for. */
  inactive?: readonly number[]
  maker?: ManifestMaker
  /** More in the payload. */
  resources?: string
  /** Changes it before it is signed. */
  change?: (body: string) => string
  /** Whose certificates come along; the signer's unless told. */
  certificates?: readonly Made[]
}

export interface ManifestMaker {
  root: Made
  authority: Made
  signer: Made
}

/** `from` and `to` are of the certificate that signs. */
export function makeManifestMaker(to = '2027-01-01T00:00:00Z', from = '2026-01-01T00:00:00Z'): ManifestMaker {
  const root = makeCertificate({ subject: 'Manifest root', ca: true, from, to: '2060-01-01T00:00:00Z' })
  const authority = makeCertificate({
    subject: 'Manifest CA',
    issuer: root,
    ca: true,
    from,
    to: '2053-01-01T00:00:00Z',
  })
  const signer = makeCertificate({ subject: 'Manifest signer', issuer: authority, from, to })
  return { root, authority, signer }
}

let usual: ManifestMaker | undefined
/** The one that all manifests have unless told, made once. */
export function manifestMaker(): ManifestMaker {
  usual ??= makeManifestMaker()
  return usual
}

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'
const C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'

export function makeManifest(options: ManifestOptions): Uint8Array {
  const { maker = manifestMaker(), change = body => body } = options
  const body = change(manifestBody(options))
  const info = signedInfo(body)
  const scope = ` xmlns="${SWID}" xmlns:ds="${DSIG}" xmlns:ns2="${SHA384}"`
  const value = sign('sha384', Buffer.from(info.replace('<ds:SignedInfo', `<ds:SignedInfo${scope}`)), {
    key: maker.signer.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const { certificates = [maker.signer, maker.authority, maker.root] } = options
  const signature = signatureElement(info, value.toString('base64'), certificates)
  return new TextEncoder().encode(body.replace('</SoftwareIdentity>', `${signature}</SoftwareIdentity>`))
}

/** Without its signature. */
export function manifestBody({
  version,
  product = 'GH100',
  expected,
  inactive = [],
  resources = '',
}: ManifestOptions) {
  const rows = [
    ...Object.entries(expected).map(([index, values]) => resource(Number(index), values, true)),
    ...inactive.map(index => resource(index, ['00'.repeat(48)], false)),
  ]
  return (
    `<SoftwareIdentity xmlns="${SWID}" xmlns:ns2="${SHA384}" name="${product}">\n` +
    `  <Meta colloquialVersion="${version}" product="${product}"></Meta>\n` +
    `  <Payload>\n${rows.join('')}${resources}  </Payload>\n</SoftwareIdentity>`
  )
}

function resource(index: number, values: readonly string[], active: boolean): string {
  const hashes = values
    .map((value, i) => ` ns2:Hash${i}="${value}"`)
    .sort()
    .join('')
  const size = (values[0]?.length ?? 0) / 2
  return `    <Resource active="${active ? 'True' : 'False'}" alternatives="${values.length}" index="${index - 1}" size="${size}" type="Measurement"${hashes}></Resource>\n`
}

function signedInfo(body: string): string {
  const digest = createHash('sha384').update(body).digest('base64')
  return (
    `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${C14N11}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${MORE}ecdsa-sha384"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>` +
    `<ds:Transform Algorithm="${DSIG}enveloped-signature"></ds:Transform>` +
    `<ds:Transform Algorithm="${C14N11}"></ds:Transform></ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${MORE}sha384"></ds:DigestMethod><ds:DigestValue>${digest}</ds:DigestValue>` +
    `</ds:Reference></ds:SignedInfo>`
  )
}

function signatureElement(info: string, value: string, certificates: readonly Made[]): string {
  const listed = certificates.map(
    ({ der }) => `<ds:X509Certificate>${Buffer.from(der).toString('base64')}</ds:X509Certificate>`,
  )
  return (
    `<ds:Signature xmlns:ds="${DSIG}">${info}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data>${listed.join('')}</ds:X509Data></ds:KeyInfo></ds:Signature>`
  )
}
