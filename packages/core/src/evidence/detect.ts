/**
 * Evidence as files hold it: by itself, in hex or base64, in PEM, in the JSON and the responses that tools hand out, or in
 * a document of ours. What is around it is taken off, a layer at a time; certificates that come along are endorsements
 * like any other.
 */
import { fromBase64, fromBase64Url, fromHex, fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import { parseJson } from '../json.ts'
import type { Json, JsonObject } from '../shape.ts'
import { readPem, readPemCertificates } from '../x509/index.ts'
import {
  EVIDENCE_TYPE,
  type EvidenceDocument,
  MAX_EVIDENCE_BYTES,
  parseEvidenceDocument,
} from './document.ts'
import { ENDORSEMENTS_TYPE, type Endorsement } from './endorsements.ts'
import type { Format } from './format.ts'
import { type AnyFormat, EVIDENCE_FORMATS, evidenceFormat } from './formats.ts'
import { sniff } from './sniff.ts'
import { tokenFormat } from './token-issuer.ts'

export interface FoundEvidence {
  format: Format
  /** What the format's parser took: to be stored, and to be stated. */
  bytes: Uint8Array
  parsed: unknown
  /** What was around it, the outermost first: `base64`, `JSON`. */
  wrapped: string[]
  /** Certificates that came along. Nothing is believed by that. */
  endorsements: Endorsement[]
}

export interface ReadEvidence {
  /** At least one; several where a file is of several devices, or of a machine and its devices. */
  found: FoundEvidence[]
  /** Where the file is a document of ours. */
  document?: EvidenceDocument
}

export const MOST_LAYERS = 4
const MOST_FOUND = 16
/** Members of JSON in which tools hand out evidence, as hex, as base64 or as a token. */
const MEMBERS = ['quote', 'intel_quote', 'report', 'attestation', 'attestation_document', 'token'] as const
const LOOKED_FOR =
  'looked for a document of AWS Nitro, a quote of Intel TDX or SGX, a report of AMD SEV-SNP (also Azure’s), of an NVIDIA GPU or switch, a token of Google Confidential Space, NRAS or MAA, or a document of ours; as they are, in hex, base64, PEM, JSON, or a response of the Nitro Secure Module or dstack'

/**
 * Reads what a file holds. Throws `unknown-format`, `too-large`, `too-deep` for more layers than anybody wraps, and what
 * the parsers throw.
 */
export function readEvidence(
  bytes: Uint8Array,
  formats: readonly AnyFormat[] = EVIDENCE_FORMATS,
): ReadEvidence {
  if (bytes.length > MAX_EVIDENCE_BYTES)
    throw new AnswerableError('too-large', `evidence: over ${MAX_EVIDENCE_BYTES} bytes`)
  const reader = new Reader(formats)
  const found = reader.read(bytes, { wrapped: [], endorsements: [] })
  return { found, ...(reader.document && { document: reader.document }) }
}

/** What was around the bytes at hand. */
type Around = Pick<FoundEvidence, 'wrapped' | 'endorsements'>

class Reader {
  readonly #formats: readonly AnyFormat[]
  #count = 0
  document: EvidenceDocument | undefined

  constructor(formats: readonly AnyFormat[]) {
    this.#formats = formats
  }

  read(bytes: Uint8Array, around: Around): FoundEvidence[] {
    if (around.wrapped.length > MOST_LAYERS)
      throw new AnswerableError('too-deep', `evidence: over ${MOST_LAYERS} layers around it`)
    const seen = sniff(bytes)
    if (seen === undefined) return this.#readText(textOf(bytes), around)
    if ('formats' in seen) return [this.#parse(seen.formats, bytes, around)]
    return this.read(seen.inner, within(around, seen.name, seen.certificates))
  }

  #readText(text: string, around: Around): FoundEvidence[] {
    if (text.startsWith('{') || text.startsWith('[')) return this.#readJson(text, around)
    const token = tokenFormat(text)
    if (token !== undefined) return [this.#parse(token, utf8(text), around)]
    if (text.includes('-----BEGIN ')) {
      const blocks = readPem(text)
      const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ bytes }) => bytes)
      const [own, ...more] = blocks.filter(({ label }) => label !== 'CERTIFICATE')
      if (own === undefined || more.length > 0) return unknown('PEM in which no one block is evidence')
      return this.read(own.bytes, within(around, 'PEM', certificates))
    }
    const bare = text.replace(/\s+/g, '')
    if (/^(?:0x)?(?:[0-9a-fA-F]{2})+$/.test(bare))
      return this.read(fromHex(bare.replace(/^0x/, '').toLowerCase()), within(around, 'hex'))
    if (/^[A-Za-z0-9+/]+={0,2}$/.test(bare))
      return this.read(fromBase64(padded(bare)), within(around, 'base64'))
    if (/^[A-Za-z0-9_-]+={0,2}$/.test(bare))
      return this.read(fromBase64Url(bare.replace(/=+$/, '')), within(around, 'base64url'))
    return unknown('text, and neither JSON, a token, PEM, hex nor base64')
  }

  #readJson(text: string, around: Around): FoundEvidence[] {
    const root = parseJson(text, { maxBytes: MAX_EVIDENCE_BYTES, maxDepth: 16 }) as Json
    const inside = within(around, 'JSON')
    if (Array.isArray(root)) {
      // What NRAS answers: a token about all devices, and one about each.
      if (Array.isArray(root[0]) && root[0][0] === 'JWT') return [this.#parse(['nras'], utf8(text), around)]
      return this.#readDevices(root, {}, inside)
    }
    const object = root as JsonObject
    if (object.type === EVIDENCE_TYPE) return this.#readDocument(text, around)
    if (object.type === ENDORSEMENTS_TYPE || object.tcb_info !== undefined)
      return unknown('endorsements, which tell of evidence and are none')
    if (object.evidence !== undefined && object.certificate !== undefined)
      return this.#readDevices([object], {}, inside)
    if (Array.isArray(object.evidence_list)) return this.#readDevices(object.evidence_list, object, inside)
    const found = MEMBERS.flatMap(name => {
      const value = object[name]
      return typeof value === 'string' ? this.read(utf8(value), inside) : []
    })
    // In answers of gateways: NVIDIA's part, as JSON or as text of it.
    const devices = object.nvidia_payload
    if (devices !== undefined) {
      const json = typeof devices === 'string' ? devices : JSON.stringify(devices)
      found.push(...this.read(utf8(json), inside))
    }
    return found.length > 0 ? found : unknown('JSON without a member that is evidence')
  }

  /** Devices as NVIDIA's tools write them; in lists, nonce and architecture may stand beside them. */
  #readDevices(list: readonly Json[], beside: JsonObject, around: Around): FoundEvidence[] {
    if (list.length === 0) return unknown('JSON of no device')
    return list.flatMap(value => {
      const object = value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
      const { certificate, evidence, arch = beside.arch, nonce = beside.nonce } = object
      if (typeof evidence !== 'string' || typeof certificate !== 'string')
        return unknown('JSON of a device without evidence or certificate')
      if (typeof arch === 'string' && typeof nonce === 'string') {
        const own = JSON.stringify({ arch: arch.toUpperCase(), certificate, evidence, nonce })
        return this.#parse(['nvidia-gpu', 'nvidia-switch'], utf8(own), around)
      }
      const chain = readPemCertificates(fromUtf8(fromBase64(certificate)))
      return this.read(fromBase64(evidence), within(around, undefined, chain))
    })
  }

  #readDocument(text: string, around: Around): FoundEvidence[] {
    this.document = parseEvidenceDocument(utf8(text))
    const inside = within(around, 'evidence document')
    return this.document.items.map(({ format, bytes }) => this.#parse([format], bytes, inside))
  }

  /** By the first of the formats whose parser takes it; what the first says where none does. */
  #parse(names: readonly Format[], bytes: Uint8Array, around: Around): FoundEvidence {
    if (++this.#count > MOST_FOUND)
      throw new AnswerableError('too-large', `evidence: over ${MOST_FOUND} documents in one file`)
    let fault: unknown
    for (const name of names) {
      const format = evidenceFormat(name, this.#formats)
      if (format === undefined) continue
      try {
        return { format: name, bytes, parsed: format.parse(bytes), ...around }
      } catch (error) {
        if (errorCode(error) === 'internal') throw error
        fault ??= error
      }
    }
    if (fault !== undefined) throw fault
    throw new AnswerableError('unknown-format', `evidence: there is no verifier for ${names.join(' or ')}`)
  }
}

function within({ wrapped, endorsements }: Around, name?: string, certificates: Uint8Array[] = []): Around {
  return {
    wrapped: name === undefined ? wrapped : [...wrapped, name],
    endorsements: [...endorsements, ...certificates.map(bytes => ({ kind: 'certificate' as const, bytes }))],
  }
}

/** Text without what stands around it. Throws `unknown-format` for bytes that are none. */
function textOf(bytes: Uint8Array): string {
  let text: string
  try {
    text = fromUtf8(bytes)
      .replace(/^\ufeff/, '')
      .trim()
  } catch {
    return unknown('bytes that begin like nothing that is known here')
  }
  return text === '' ? unknown('it is empty') : text
}

/** Tools leave the padding out, or not. */
function padded(text: string): string {
  const bare = text.replace(/=+$/, '')
  return bare + '='.repeat((4 - (bare.length % 4)) % 4)
}

function unknown(what: string): never {
  throw new AnswerableError('unknown-format', `evidence: ${what}; ${LOOKED_FOR}`)
}
