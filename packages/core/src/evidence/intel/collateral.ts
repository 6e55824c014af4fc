/**
 * Intel's collateral for a quote: what the Provisioning Certification Service says of a kind of platform, as one JSON object of
 * the fields of `sgx_ql_qve_collateral_t` (Intel SGX DCAP Quote Verification Library), lists of revocations and signatures in
 * hex. Read, and not yet believed.
 */
import { fromHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { parseJson } from '../../json.ts'
import { Shape } from '../../shape.ts'
import {
  type Certificate,
  ecdsaDer,
  parseCertificate,
  parseRevocationList,
  type RevocationList,
  readPemCertificates,
} from '../../x509/index.ts'
import { MAX_ENDORSEMENT_BYTES } from '../endorsements.ts'
import type { Tee } from './quote.ts'
import { parseQeIdentity, parseTcbInfo, type QeIdentity, type TcbInfo } from './tcb.ts'

/** A text that somebody signed. */
export interface Signed<T> {
  value: T
  bytes: Uint8Array
  /** DER. */
  signature: Uint8Array
  /** Its signer's certificate first. */
  chain: readonly Certificate[]
}

export interface Collateral {
  tcbInfo: Signed<TcbInfo>
  qeIdentity: Signed<QeIdentity>
  rootList: RevocationList
  /** Of platforms' certificates, and who signs it. */
  pckList: RevocationList
  listChain: readonly Certificate[]
  /** The platform's certificate and those above it, where the quote does not bring them. */
  pckChain: readonly Certificate[]
}

const shape = new Shape('bad-endorsement')
/** More than one brings: a machine's, as it was renewed. */
const MOST_CONSIDERED = 16

/**
 * Reads certificates, and gives the same object for the same bytes: the same few come with everything, and a path through
 * them must not meet one twice.
 */
export class Certificates {
  readonly #seen = new Map<string, Certificate>()

  /** Throws as `parseCertificate` does. */
  read(der: Uint8Array): Certificate {
    // Between two certificates, signatures differ: their last bytes tell almost all apart, and the rest is compared.
    const name = `${der.length} ${der.subarray(-64).join()}`
    const seen = this.#seen.get(name)
    if (seen?.der.every((byte, i) => byte === der[i])) return seen
    const certificate = parseCertificate(der)
    this.#seen.set(name, certificate)
    return certificate
  }

  /** Throws `bad-encoding`, `truncated`, `too-large` and as `parseCertificate` does. */
  readPem(text: string): Certificate[] {
    return readPemCertificates(text).map(der => this.read(der))
  }
}

/** Throws `bad-endorsement`, and what the parsers of JSON, PEM, certificates and lists throw. */
export function parseCollateral(bytes: Uint8Array, certificates: Certificates): Collateral {
  const root = shape.object(
    parseJson(bytes, { maxBytes: 2 * MAX_ENDORSEMENT_BYTES, maxDepth: 4, maxKeys: 64 }),
    'collateral',
  )
  const text = (name: string): string => shape.string(root[name], `collateral.${name}`, MAX_ENDORSEMENT_BYTES)
  const hex = (name: string): Uint8Array => fromHex(text(name).toLowerCase())
  const signed = <T>(name: string, parse: (text: string) => T): Signed<T> => ({
    value: parse(text(name)),
    bytes: utf8(text(name)),
    signature:
      ecdsaDer(hex(`${name}_signature`), 32) ?? shape.fail(`collateral.${name}_signature`, '64 bytes in hex'),
    chain: certificates.readPem(text(`${name}_issuer_chain`)),
  })
  return {
    tcbInfo: signed('tcb_info', parseTcbInfo),
    qeIdentity: signed('qe_identity', parseQeIdentity),
    rootList: parseRevocationList(hex('root_ca_crl')),
    pckList: parseRevocationList(hex('pck_crl')),
    listChain: certificates.readPem(text('pck_crl_issuer_chain')),
    pckChain: root.pck_certificate_chain == null ? [] : certificates.readPem(text('pck_certificate_chain')),
  }
}

/**
 * Of several, the one that is of this kind of platform, in its time, and newest; whatever else comes along is left aside.
 * `fault` says why there is none where some came.
 */
export function chooseCollateral(
  all: readonly Uint8Array[],
  { tee, time, fmspc }: { tee: Tee; time: number; fmspc: string | undefined },
  certificates: Certificates,
): { collateral?: Collateral; fault?: string } {
  let best: Collateral | undefined
  let most = Number.NEGATIVE_INFINITY
  let fault: string | undefined
  for (const bytes of all.slice(-MOST_CONSIDERED)) {
    try {
      const one = parseCollateral(bytes, certificates)
      const { value } = one.tcbInfo
      const identity = one.qeIdentity.value
      const own = value.tee === tee && (fmspc === undefined || value.fmspc === fmspc)
      const current = [value, identity].every(({ issued, until }) => issued <= time && time <= until)
      const worth = (own ? 2 : 0) * 1e15 + (current ? 1e15 : 0) + value.issued
      if (worth > most) [best, most] = [one, worth]
    } catch (cause) {
      if (!(cause instanceof AnswerableError)) throw cause
      fault ??= cause.message
    }
  }
  return best === undefined ? (fault === undefined ? {} : { fault }) : { collateral: best }
}
