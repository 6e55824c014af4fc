/** A Sigstore of the tests' own: an authority, a log of certificates and a log of signatures, and bundles by them. */
import { createHash, type KeyObject, sign } from 'node:crypto'
import { concat, toBase64, utf8 } from '../src/bytes.ts'
import { nativeSuite } from '../src/note/fixtures.test.ts'
import { preAuthEncoding } from '../src/statement/envelope.ts'
import { leafHash, nodeHash } from '../src/tlog/merkle.ts'
import { contextTag, readDer, TAG, within } from '../src/x509/index.ts'
import {
  extension,
  integer,
  keyPair,
  type Made,
  makeCertificate,
  octets,
  oid,
  sequence,
  signBytes,
  signedDer,
  tagged,
  time,
  toPem,
} from './x509.ts'

export const LOGGED = Date.parse('2026-03-01T12:00:00Z')
export const NOW = Date.parse('2026-06-01T00:00:00Z')
export const IDENTITY = 'https://github.com/somebody/image/.github/workflows/build.yml@refs/tags/v1'
export const ISSUER = 'https://token.actions.githubusercontent.com'
export const SLSA = 'https://slsa.dev/provenance/v1'
export const IMAGE = 'ab'.repeat(32)
const FULCIO = '1.3.6.1.4.1.57264.1.'
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
const TIMESTAMPS = '1.3.6.1.4.1.11129.2.4.2'

interface Log {
  url: string
  keys: { publicKey: KeyObject; privateKey: KeyObject }
  spki: Uint8Array
  id: Uint8Array
}

export interface LeafOptions {
  /** GeneralName, encoded; by default the URI `IDENTITY`. */
  names?: Uint8Array[]
  issuer?: string
  /** What the older extension says, where it says something else. */
  olderIssuer?: string
  purposes?: string[]
  from?: string
  to?: string
  kind?: 'P-256' | 'P-384'
  ca?: boolean
  extra?: { id: string; critical?: boolean; value: Uint8Array }[]
  /** How often the log of certificates signs it. */
  timestamps?: number
  timestampTime?: number
  signWith?: Made
}

export interface BundleOptions extends LeafOptions {
  logAs?: 'dsse' | 'intoto' | 'hashedrekord' | 'dsse2' | 'hashedrekord2'
  /** When the timestamp authority dated it, Unix milliseconds; none unless told. */
  stamped?: number[]
  /** What it dated, in place of the signature. */
  stampOf?: Uint8Array
  stampBy?: Made
  /** Of the timestamp's signature, and of the digest in it. */
  stampHash?: 'sha256' | 'sha384'
  content?: 'dsse' | 'message'
  version?: '0.1' | '0.2' | '0.3'
  statement?: unknown
  payloadType?: string
  /** Unix milliseconds. */
  time?: number
  promise?: boolean
  proof?: boolean
  /** Entries before and after it in the tree. */
  before?: number
  after?: number
}

// biome-ignore lint/suspicious/noExplicitAny: tests change any field of it
export type BundleJson = any

function log(url: string, kind: 'P-256' | 'Ed25519' = 'P-256'): Log {
  const keys = keyPair(kind)
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }))
  // Rekor's second version names its key as signed notes do.
  const name = concat(utf8(`${url.replace('https://', '')}\n\x01`), spki.subarray(12))
  return { url, keys, spki, id: sha256(kind === 'P-256' ? spki : name) }
}

export class Sigstore {
  readonly root: Made
  readonly intermediate: Made
  readonly certificateLog: Log = log('https://ct.test/2026')
  readonly rekor: Log = log('https://rekor.test')
  readonly rekor2: Log = log('https://log2026-1.rekor.test', 'Ed25519')
  readonly stampRoot: Made
  readonly stamper: Made

  constructor() {
    const years = { from: '2025-01-01T00:00:00Z', to: '2035-01-01T00:00:00Z' }
    this.root = makeCertificate({ subject: 'Test Sigstore', ca: true, ...years })
    this.intermediate = makeCertificate({
      subject: 'Test Sigstore intermediate',
      issuer: this.root,
      ca: true,
      pathLength: 0,
      purposes: [CODE_SIGNING],
      ...years,
    })
    this.stampRoot = makeCertificate({ subject: 'Test stamps root', ca: true, ...years })
    this.stamper = this.stamp()
  }

  /** A certificate of the timestamp authority. */
  stamp(options: Partial<Parameters<typeof makeCertificate>[0]> = {}): Made {
    const years = { from: '2025-01-01T00:00:00Z', to: '2035-01-01T00:00:00Z' }
    return makeCertificate({
      subject: 'Test stamps',
      kind: 'P-256',
      issuer: this.stampRoot,
      purposes: ['1.3.6.1.5.5.7.3.8'],
      ...years,
      ...options,
    })
  }

  trustedRoot(change: (root: BundleJson) => void = () => {}): Uint8Array {
    const validFor = { start: '2025-06-01T00:00:00Z' }
    const logJson = ({ url, spki, id }: Log) => ({
      baseUrl: url,
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: toBase64(spki),
        keyDetails: spki.length < 50 ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256',
        validFor,
      },
      logId: { keyId: toBase64(id) },
    })
    const root = {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logJson(this.rekor), logJson(this.rekor2)],
      certificateAuthorities: [
        {
          uri: 'https://fulcio.test',
          certChain: {
            certificates: [this.intermediate, this.root].map(({ der }) => ({ rawBytes: toBase64(der) })),
          },
          validFor,
        },
      ],
      ctlogs: [logJson(this.certificateLog)],
      timestampAuthorities: [
        {
          uri: 'https://stamps.test',
          certChain: {
            certificates: [this.stamper, this.stampRoot].map(({ der }) => ({ rawBytes: toBase64(der) })),
          },
          validFor,
        },
      ],
    }
    change(root)
    return utf8(JSON.stringify(root))
  }

  /** A certificate for ten minutes, with what the log of certificates signed in it. */
  leaf(options: LeafOptions = {}): Made {
    const { names = [uriName(IDENTITY)], issuer = ISSUER, olderIssuer = issuer, extra = [] } = options
    const { timestamps = 1, timestampTime = LOGGED, signWith = this.intermediate } = options
    const plain = makeCertificate({
      subject: 'unused',
      issuer: this.intermediate,
      kind: options.kind ?? 'P-256',
      from: options.from ?? '2026-03-01T11:55:00Z',
      to: options.to ?? '2026-03-01T12:05:00Z',
      purposes: options.purposes ?? [CODE_SIGNING],
      ...(options.ca !== undefined && { ca: options.ca }),
      extensions: [
        { id: '2.5.29.17', critical: true, value: sequence(...names) },
        { id: `${FULCIO}1`, value: utf8(olderIssuer) },
        { id: `${FULCIO}8`, value: utf8Der(issuer) },
        { id: `${FULCIO}12`, value: utf8Der('https://github.com/somebody/image') },
        ...extra,
      ],
    })
    if (timestamps === 0) return plain
    const stamp = this.#timestamp(plain, timestampTime)
    const list = concat(...Array.from({ length: timestamps }, () => concat(u16(stamp.length), stamp)))
    const added = extension(TIMESTAMPS, false, octets(concat(u16(list.length), list)))
    const fields = within(readDer(plain.certificate.tbs), TAG.sequence, 'body').map(field =>
      field.tag === contextTag(3)
        ? tagged(0xa3, sequence(readDer(field.content).content, added))
        : field.whole,
    )
    const der = signedDer(sequence(...fields), signWith)
    return { ...plain, der, pem: toPem('CERTIFICATE', der) }
  }

  /** RFC 6962 section 3.2, over the certificate as it is without it. */
  #timestamp({ certificate: { tbs } }: Made, time: number): Uint8Array {
    const { id, keys } = this.certificateLog
    const when = new Uint8Array(8)
    new DataView(when.buffer).setBigUint64(0, BigInt(time))
    const issuer = sha256(this.intermediate.certificate.key.spki)
    const length = Uint8Array.of(0, tbs.length >> 8, tbs.length)
    const head = concat(Uint8Array.of(0, 0), when, Uint8Array.of(0, 1))
    const signature = sign('sha256', concat(head, issuer, length, tbs, u16(0)), keys.privateKey)
    return concat(Uint8Array.of(0), id, when, u16(0), Uint8Array.of(4, 3), u16(signature.length), signature)
  }

  bundle(options: BundleOptions = {}): BundleJson {
    const { logAs: kind = 'dsse', content = 'dsse', version = '0.3', time = LOGGED } = options
    const { statement = provenance(), payloadType = 'application/vnd.in-toto+json' } = options
    const leaf = this.leaf(options)
    const payload = statement instanceof Uint8Array ? statement : utf8(JSON.stringify(statement))
    const message = content === 'dsse' ? preAuthEncoding(payloadType, payload) : payload
    const signature = signBytes(message, leaf)
    const hash = { algorithm: 'sha256', value: hex(sha256(content === 'dsse' ? payload : message)) }
    const pem = toBase64(utf8(leaf.pem))
    const sig = toBase64(signature)
    const bodies = {
      dsse: {
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: { payloadHash: hash, signatures: [{ signature: sig, verifier: pem }] },
      },
      intoto: {
        apiVersion: '0.0.2',
        kind: 'intoto',
        spec: {
          content: {
            envelope: { payloadType, signatures: [{ publicKey: pem, sig: toBase64(utf8(sig)) }] },
            payloadHash: hash,
          },
        },
      },
      hashedrekord: {
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: hex(sha256(message)) } },
          signature: { content: sig, publicKey: { content: pem } },
        },
      },
    }
    const certificate = { rawBytes: toBase64(leaf.der) }
    const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: certificate }
    const hashTwo = (bytes: Uint8Array) => ({ algorithm: 'SHA2_256', digest: toBase64(sha256(bytes)) })
    const logged: BundleJson = {
      ...bodies,
      dsse2: {
        apiVersion: '0.0.2',
        kind: 'dsse',
        spec: { dsseV002: { payloadHash: hashTwo(payload), signatures: [{ content: sig, verifier }] } },
      },
      hashedrekord2: {
        apiVersion: '0.0.2',
        kind: 'hashedrekord',
        spec: { hashedRekordV002: { data: hashTwo(message), signature: { content: sig, verifier } } },
      },
    }[kind]
    const body = utf8(JSON.stringify(logged))
    const stamps = (options.stamped ?? []).map(time => ({
      signedTimestamp: toBase64(
        timestamp(options.stampOf ?? signature, time, options.stampBy ?? this.stamper, options.stampHash),
      ),
    }))
    return {
      mediaType:
        version === '0.3'
          ? 'application/vnd.dev.sigstore.bundle.v0.3+json'
          : `application/vnd.dev.sigstore.bundle+json;version=${version}`,
      verificationMaterial: {
        ...(version === '0.3' ? { certificate } : { x509CertificateChain: { certificates: [certificate] } }),
        tlogEntries: [this.entry(body, logged, time, options)],
        timestampVerificationData: stamps.length === 0 ? {} : { rfc3161Timestamps: stamps },
      },
      ...(content === 'dsse'
        ? { dsseEnvelope: { payload: toBase64(payload), payloadType, signatures: [{ sig, keyid: '' }] } }
        : {
            messageSignature: {
              messageDigest: { algorithm: 'SHA2_256', digest: toBase64(sha256(message)) },
              signature: sig,
            },
          }),
    }
  }

  entry(
    body: Uint8Array,
    { kind, apiVersion }: { kind: string; apiVersion: string },
    time: number,
    { logAs = 'dsse', ...options }: BundleOptions = {},
  ): BundleJson {
    const two = logAs === 'dsse2' || logAs === 'hashedrekord2'
    const { promise = !two, proof = true, before = 5, after = 3 } = options
    const { id, keys, url } = two ? this.rekor2 : this.rekor
    const index = 1000 + before
    const seconds = Math.floor(time / 1000)
    const promised = JSON.stringify({
      body: toBase64(body),
      integratedTime: seconds,
      logID: hex(id),
      logIndex: index,
    })
    const other = (i: number) => leafHash(utf8(`another entry ${i}`), nativeSuite)
    const leaves = Array.from({ length: before + 1 + after }, (_, i) =>
      i === before ? leafHash(body, nativeSuite) : other(i),
    )
    const root = toBase64(treeRoot(leaves))
    const host = url.replace('https://', '')
    const text = `${host}${two ? '' : ' - 77'}\n${leaves.length}\n${root}\n`
    const signed = concat(id.subarray(0, 4), sign(two ? null : 'sha256', utf8(text), keys.privateKey))
    return {
      logIndex: String(index),
      logId: { keyId: toBase64(id) },
      kindVersion: { kind, version: apiVersion },
      ...(!two && { integratedTime: String(seconds) }),
      ...(promise && {
        inclusionPromise: {
          signedEntryTimestamp: toBase64(sign('sha256', utf8(promised), keys.privateKey)),
        },
      }),
      ...(proof && {
        inclusionProof: {
          logIndex: String(before),
          rootHash: root,
          treeSize: String(leaves.length),
          hashes: pathTo(before, leaves).map(toBase64),
          checkpoint: { envelope: `${text}\n— ${host} ${toBase64(signed)}\n` },
        },
      }),
      canonicalizedBody: toBase64(body),
    }
  }
}

export function provenance(sha256 = IMAGE): unknown {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'another', digest: { sha256: '00'.repeat(32) } },
      { name: 'image', digest: { sha256 } },
    ],
    predicateType: SLSA,
    predicate: { buildDefinition: { buildType: 'https://example.test/build/v1' } },
  }
}

export const uriName = (text: string): Uint8Array => tagged(0x86, utf8(text))
export const emailName = (text: string): Uint8Array => tagged(0x81, utf8(text))
export const utf8Der = (text: string): Uint8Array => tagged(0x0c, utf8(text))
const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)

const HASH_OIDS = { sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2' }
const ECDSA_OIDS = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' }
const TIMESTAMP_INFO = '1.2.840.113549.1.9.16.1.4'

/** An answer of RFC 3161 over these bytes, as the authority's CMS. */
function timestamp(
  over: Uint8Array,
  when: number,
  by: Made,
  hash: 'sha256' | 'sha384' = 'sha384',
): Uint8Array {
  const digest = (bytes: Uint8Array) => createHash(hash).update(bytes).digest()
  const algorithm = sequence(oid(HASH_OIDS[hash]))
  const made = time(`${new Date(when).toISOString().slice(0, 19)}Z`)
  const info = sequence(
    integer(1),
    oid('1.3.6.1.4.1.57264.2'),
    sequence(algorithm, octets(digest(over))),
    integer(4711),
    made,
  )
  const attribute = (type: string, value: Uint8Array) => sequence(oid(type), tagged(0x31, value))
  const attributes = Buffer.concat([
    attribute('1.2.840.113549.1.9.3', oid(TIMESTAMP_INFO)),
    attribute('1.2.840.113549.1.9.4', octets(digest(info))),
  ])
  const signature = sign(hash, tagged(0x31, attributes), by.privateKey)
  const { issuer, serial } = by.certificate
  const signer = sequence(
    integer(1),
    sequence(issuer.der, tagged(0x02, Buffer.from(serial, 'hex'))),
    algorithm,
    tagged(0xa0, attributes),
    sequence(oid(ECDSA_OIDS[hash])),
    octets(signature),
  )
  const content = sequence(
    integer(3),
    tagged(0x31, algorithm),
    sequence(oid(TIMESTAMP_INFO), tagged(0xa0, octets(info))),
    tagged(0x31, signer),
  )
  const token = sequence(oid('1.2.840.113549.1.7.2'), tagged(0xa0, content))
  return new Uint8Array(sequence(sequence(integer(0)), token))
}

/** RFC 6962 section 2.1, by its definition. */
function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  const k = splitOf(leaves.length)
  return nodeHash(treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)), nativeSuite)
}

function pathTo(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = splitOf(leaves.length)
  return index < k
    ? [...pathTo(index, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
    : [...pathTo(index - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))]
}

function splitOf(length: number): number {
  let k = 1
  while (k * 2 < length) k *= 2
  return k
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
