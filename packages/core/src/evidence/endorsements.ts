/**
 * Endorsements (RFC 9334 section 8.2): what vendors say of platforms, as it is fetched or archived. Sorting them by what
 * they look like believes nothing; each verifier holds what it uses against the reader's roots.
 */
import { fromBase64, fromUtf8, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { MAX_CERTIFICATE_BYTES, MOST_CERTIFICATES, readPem } from '../x509/index.ts'

export const ENDORSEMENT_KINDS = [
  /** One certificate, DER. */
  'certificate',
  /** A list of revocations, DER. */
  'crl',
  /** An answer about a certificate (RFC 6960), DER. */
  'ocsp',
  /** Intel's collateral for a quote: one JSON object of the fields that sgx_ql_qve_collateral_t has. */
  'intel-collateral',
  /** A JWK Set (RFC 7517). */
  'jwks',
  /** Reference integrity manifest of NVIDIA: XML, signed. */
  'rim',
  /** A Sigstore bundle. */
  'sigstore-bundle',
  /** Sigstore's trusted root. */
  'sigstore-root',
] as const
export type EndorsementKind = (typeof ENDORSEMENT_KINDS)[number]

export type Endorsements = Readonly<Record<EndorsementKind, readonly Uint8Array[]>>

export const NO_ENDORSEMENTS: Endorsements = endorsementsFrom([])

export const ENDORSEMENTS_TYPE = 'https://answerable.dev/endorsements/v1'
/** Of all together. */
export const MAX_ENDORSEMENT_BYTES = 768 * 1024
const MOST_ITEMS = 64
const MOST_OF_A_KIND = MOST_CERTIFICATES

const shape = new Shape('bad-endorsement')

export interface Endorsement {
  kind: EndorsementKind
  bytes: Uint8Array
}

/** Throws `too-large`. */
export function endorsementsFrom(list: readonly Endorsement[]): Endorsements {
  const sorted = Object.fromEntries(ENDORSEMENT_KINDS.map(kind => [kind, [] as Uint8Array[]])) as Record<
    EndorsementKind,
    Uint8Array[]
  >
  let sum = 0
  for (const { kind, bytes } of list) {
    sum += bytes.length
    if (sorted[kind].length === MOST_OF_A_KIND || sum > MAX_ENDORSEMENT_BYTES)
      throw new AnswerableError(
        'too-large',
        `endorsements: over ${MOST_OF_A_KIND} of one kind, or ${MAX_ENDORSEMENT_BYTES} bytes`,
      )
    sorted[kind].push(bytes)
  }
  return sorted
}

/** What could be read of one kind, and why the others could not. */
export interface ReadEndorsements<T> {
  read: T[]
  faults: AnswerableError[]
}

const READ = new WeakMap<Endorsements, Map<EndorsementKind, ReadEndorsements<unknown>>>()

/**
 * All of one kind, as `parse` has them. An archive is read once for all that is held against it: lists of revocations and
 * manifests are long, and a document has many items and two times. So each kind has one parser.
 */
export function readAll<T>(
  endorsements: Endorsements,
  kind: EndorsementKind,
  parse: (bytes: Uint8Array) => T,
): ReadEndorsements<T> {
  const kinds = READ.get(endorsements) ?? new Map<EndorsementKind, ReadEndorsements<unknown>>()
  READ.set(endorsements, kinds)
  const before = kinds.get(kind)
  if (before !== undefined) return before as ReadEndorsements<T>
  const all: ReadEndorsements<T> = { read: [], faults: [] }
  for (const bytes of endorsements[kind]) {
    try {
      all.read.push(parse(bytes))
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
      all.faults.push(error)
    }
  }
  kinds.set(kind, all)
  return all
}

/** One archive of endorsements: what is stored by its digest and travels with sealed receipts. */
export function formatEndorsements(list: readonly Endorsement[]): Uint8Array {
  const items = list.map(({ kind, bytes }) => ({ kind, bytes: toBase64(bytes) }))
  return utf8(`${JSON.stringify({ type: ENDORSEMENTS_TYPE, items })}\n`)
}

/**
 * Reads an archive, which holds no more than `endorsementsFrom` takes. Throws `bad-endorsement`, `too-large`, and what
 * `parseJson` throws.
 */
export function parseEndorsements(bytes: Uint8Array): Endorsement[] {
  const root = shape.object(
    parseJson(bytes, { maxBytes: MAX_ENDORSEMENT_BYTES * 2, maxDepth: 4 }),
    'endorsements',
  )
  shape.literal(root.type, 'type', [ENDORSEMENTS_TYPE])
  const list = shape.array(root.items, 'items', MOST_ITEMS).map((item, i): Endorsement => {
    const { kind, bytes: text } = shape.object(item, `items[${i}]`)
    return {
      kind: shape.literal(kind, `items[${i}].kind`, ENDORSEMENT_KINDS),
      bytes: fromBase64(shape.string(text, `items[${i}].bytes`, MAX_ENDORSEMENT_BYTES * 2)),
    }
  })
  endorsementsFrom(list)
  return list
}

/**
 * What a file of endorsements holds, as vendors and their tools hand it out: PEM, DER, Intel's collateral, key sets,
 * manifests, bundles, or an archive of ours. Throws `unknown-format` and what the parsers throw.
 */
export function readEndorsementFile(bytes: Uint8Array): Endorsement[] {
  if (bytes.length > MAX_ENDORSEMENT_BYTES * 2)
    throw new AnswerableError('too-large', `endorsements: over ${MAX_ENDORSEMENT_BYTES * 2} bytes`)
  // DER begins with a sequence; no text does.
  if (bytes[0] === 0x30 && bytes[1]! > 0x7f) return [{ kind: derKind(bytes), bytes }]
  const text = fromUtf8(bytes).trimStart()
  if (text.startsWith('{')) return jsonKind(text, bytes)
  if (text.includes('-----BEGIN '))
    return readPem(text).map(({ label, bytes: der }) => ({
      kind:
        label === 'X509 CRL' ? 'crl' : label === 'CERTIFICATE' ? 'certificate' : unknown(`PEM of ${label}`),
      bytes: der,
    }))
  if (text.startsWith('<') && text.includes('SoftwareIdentity')) return [{ kind: 'rim', bytes }]
  return unknown('neither PEM, DER, JSON nor a reference integrity manifest')
}

/** An OCSP answer is a sequence that begins with an enumerated; a certificate's body begins with its version. */
function derKind(bytes: Uint8Array): EndorsementKind {
  const at = 2 + (bytes[1]! & 127)
  if (bytes[at] === 0x0a) return 'ocsp'
  const inner = at + 2 + (bytes[at + 1]! > 127 ? bytes[at + 1]! & 127 : 0)
  return bytes[inner] === 0xa0 && bytes.length <= MAX_CERTIFICATE_BYTES ? 'certificate' : 'crl'
}

function jsonKind(text: string, bytes: Uint8Array): Endorsement[] {
  const root = shape.object(
    parseJson(text, { maxBytes: MAX_ENDORSEMENT_BYTES * 2, maxDepth: 32 }),
    'endorsements',
  )
  const has = (...names: (keyof JsonObject)[]) => names.every(name => root[name] !== undefined)
  if (root.type === ENDORSEMENTS_TYPE) return parseEndorsements(bytes)
  if (has('tcb_info', 'qe_identity')) return [{ kind: 'intel-collateral', bytes }]
  if (has('keys')) return [{ kind: 'jwks', bytes }]
  if (has('mediaType', 'verificationMaterial')) return [{ kind: 'sigstore-bundle', bytes }]
  if (has('mediaType', 'certificateAuthorities')) return [{ kind: 'sigstore-root', bytes }]
  return unknown('JSON, and neither collateral, key set, bundle, trusted root nor an archive')
}

function unknown(what: string): never {
  throw new AnswerableError('unknown-format', `endorsements: ${what}`)
}
