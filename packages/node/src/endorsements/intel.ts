/**
 * Intel's collateral for a quote (PCS API v4, "Provisioning Certification Service for ECDSA Attestation"; a PCCS serves the same
 * paths): TCB info, the quoting enclave's identity, and two lists of revocations, with the chains that signed them. In the
 * one JSON object that `sgx_ql_qve_collateral_t` has the fields of.
 */
import { AnswerableError, fromHex, fromUtf8, toHex } from '@answerable/core'
import type { Endorsement } from '@answerable/core/evidence'
import { readPem } from '@answerable/core/x509'
import { nodeSuite } from '../log/suite.ts'
import { crlAddress, platformOf } from './pck.ts'
import { ask, type ServiceOptions } from './service.ts'

const MOST_JSON = 512 * 1024
const MOST_CRL = 256 * 1024
const MOST_CHAIN = 16 * 1024

export interface IntelOptions extends ServiceOptions {
  /** Base URL of the service. */
  base: string
  /** SHA-256 fingerprints of Intel's root: an address that another's certificate names is not asked. */
  roots: readonly string[]
}

/** Throws `unavailable` and `bad-evidence`. */
export async function intelCollateral(
  quote: Uint8Array,
  tee: 'tdx' | 'sgx',
  options: IntelOptions,
): Promise<Endorsement> {
  const { base } = options
  const { fmspc, ca, root } = platformOf(quote)
  const get = (path: string, most: number) => ask({ url: `${base}${path}`, most }, options)
  const [tcb, identity, pckCrl, rootCrl] = await Promise.all([
    get(`/${tee}/certification/v4/tcb?fmspc=${fmspc}`, MOST_JSON),
    get(`/${tee}/certification/v4/qe/identity`, MOST_JSON),
    get(`/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`, MOST_CRL),
    rootRevocations(root.der, crlAddress(root), options),
  ])
  const tcbInfo = signedPart(tcb.bytes, 'tcbInfo')
  const qeIdentity = signedPart(identity.bytes, 'enclaveIdentity')
  const collateral = {
    pck_crl_issuer_chain: chainOf(pckCrl.headers, 'SGX-PCK-CRL-Issuer-Chain'),
    root_ca_crl: toHex(rootCrl),
    pck_crl: toHex(derOf(pckCrl.bytes)),
    tcb_info_issuer_chain: chainOf(tcb.headers, 'TCB-Info-Issuer-Chain', 'SGX-TCB-Info-Issuer-Chain'),
    tcb_info: tcbInfo.text,
    tcb_info_signature: tcbInfo.signature,
    qe_identity_issuer_chain: chainOf(identity.headers, 'SGX-Enclave-Identity-Issuer-Chain'),
    qe_identity: qeIdentity.text,
    qe_identity_signature: qeIdentity.signature,
  }
  return { kind: 'intel-collateral', bytes: Buffer.from(JSON.stringify(collateral)) }
}

/** A cache has the list at a path of its own; Intel has it where its root certificate says. */
async function rootRevocations(
  root: Uint8Array,
  address: string | undefined,
  options: IntelOptions,
): Promise<Uint8Array> {
  const cached = await ask(
    { url: `${options.base}/sgx/certification/v4/rootcacrl`, most: MOST_CRL },
    { ...options, attempts: 1 },
  ).then(
    ({ bytes }) => derOf(bytes),
    () => undefined,
  )
  if (cached !== undefined) return cached
  if (address === undefined || !options.roots.includes(nodeSuite.sha256Hex(root)))
    throw new AnswerableError('unavailable', 'nobody has the list of revocations of Intel’s root')
  return derOf((await ask({ url: address, most: MOST_CRL }, options)).bytes)
}

/** DER, or hex of it, as caches answer. */
function derOf(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x30 && bytes[1]! > 0x7f) return bytes
  try {
    return fromHex(fromUtf8(bytes).trim().toLowerCase())
  } catch (cause) {
    throw new AnswerableError('unavailable', 'a list of revocations is neither DER nor hex', { cause })
  }
}

/** The exact text that was signed: one member of the answer, and the signature beside it. */
function signedPart(body: Uint8Array, name: string): { text: string; signature: string } {
  const whole = fromUtf8(body)
  let signature: unknown
  try {
    signature = (JSON.parse(whole) as { signature?: unknown }).signature
  } catch (cause) {
    throw new AnswerableError('unavailable', `${name}: the answer is not JSON`, { cause })
  }
  const at = whole.indexOf('{', whole.indexOf(`"${name}"`) + name.length + 2)
  const text = at < 0 || !whole.includes(`"${name}"`) ? '' : objectAt(whole, at)
  if (typeof signature !== 'string' || !/^[0-9a-fA-F]{128}$/.test(signature) || text === '')
    throw new AnswerableError('unavailable', `${name}: the answer is not of the service’s form`)
  return { text, signature: signature.toLowerCase() }
}

/** The text of the JSON object that begins at `at`, in JSON that was read already. */
function objectAt(text: string, at: number): string {
  let depth = 0
  let quoted = false
  for (let i = at; i < text.length; i++) {
    const one = text[i]
    if (quoted) {
      if (one === '\\') i++
      else if (one === '"') quoted = false
    } else if (one === '"') quoted = true
    else if (one === '{') depth++
    else if (one === '}' && --depth === 0) return text.slice(at, i + 1)
  }
  return ''
}

/** PEM, escaped as in a URL, in a header of the answer. */
function chainOf(headers: Headers, ...names: string[]): string {
  const header = names.map(name => headers.get(name)).find(one => one !== null)
  try {
    if (header === undefined || header === null || header.length > MOST_CHAIN) throw new Error('no chain')
    const text = decodeURIComponent(header)
    readPem(text)
    return text
  } catch (cause) {
    throw new AnswerableError('unavailable', `${names[0]}: no certificates in this header`, { cause })
  }
}
