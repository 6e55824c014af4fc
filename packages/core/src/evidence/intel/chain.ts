/**
 * The two kinds of chains under Intel's root: of a platform's key (PCK), and of what signs TCB info and identities ("Intel SGX PCK
 * Certificate and Certificate Revocation List Profile Specification"). Each leaf is good for its own task only, and what brings
 * certificates brings no others: so that every byte of a quote is accounted for.
 */
import { equal, fromUtf8, toBase64 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import {
  type Certificate,
  type Chain,
  checkChain,
  type KeyUse,
  type RevocationList,
} from '../../x509/index.ts'
import type { AppraisalContext } from '../format.ts'
import { rootSet } from '../roots.ts'
import type { Certificates } from './collateral.ts'
import { isNamedPck, type Pck, readPck } from './pck.ts'
import type { Quote } from './quote.ts'

export interface Fault {
  reason:
    | 'root-not-trusted'
    | 'chain-incomplete'
    | 'bad-certificate'
    | 'bad-certificate-signature'
    | 'certificate-misused'
    | 'unknown-critical-extension'
    | 'unknown-algorithm'
  detail: string
}

export interface IntelChain extends Pick<Chain, 'timeFault' | 'window'> {
  leaf: Certificate
  path: readonly Certificate[]
  fault?: Fault
}

export interface PckChain extends IntelChain {
  pck?: Pck
}

type Reader = Pick<AppraisalContext, 'policy' | 'time' | 'suite'>

const SIGNER_NAME = 'Intel SGX TCB Signing'

/** What a quote itself brings of its platform's certificates, leaf first. Throws `bad-certificate` and its like. */
export function certificatesIn({ certification }: Quote, certificates: Certificates): Certificate[] {
  const { type, data } = certification
  if (type < 4) return []
  const list = strictPem(data, certificates)
  if (list.length === 0 || (type === 4 && list.length > 1))
    throw new AnswerableError('bad-certificate', `${list.length} certificates where its type has others`)
  return list
}

/**
 * Certificates of a quote in PEM. Nobody signed the framing, so there is one way to write it: lines of 64 characters, ended by
 * line feeds, the last of which may be followed by the zero that ends strings in C.
 */
function strictPem(data: Uint8Array, certificates: Certificates): Certificate[] {
  const text = fromUtf8(data.at(-1) === 0 ? data.subarray(0, -1) : data)
  const list = certificates.readPem(text)
  const framed = list.map(
    ({ der }) =>
      `-----BEGIN CERTIFICATE-----\n${toBase64(der).replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
  )
  if (framed.join('') !== text)
    throw new AnswerableError('bad-certificate', 'certificates and something else, or in another framing')
  return list
}

/**
 * The chain of the platform's key. `brought` are the quote's own certificates, which all must be of the chain; where it
 * brings none, `endorsed` may have them. Undefined where nobody brings that certificate.
 */
export function pckChain(
  brought: readonly Certificate[],
  endorsed: readonly Certificate[],
  isSigner: (one: Certificate) => boolean,
  reader: Reader,
): PckChain | undefined {
  const named = endorsed.filter(isNamedPck)
  const leaf = brought[0] ?? named.find(isSigner) ?? named[0]
  if (leaf === undefined) return undefined
  const chain = follow(leaf, brought, [...brought, ...endorsed], reader)
  if (!isNamedPck(leaf)) return { ...chain, fault: chain.fault ?? misused(leaf, 'of a platform’s key (PCK)') }
  try {
    return { ...chain, pck: readPck(leaf) }
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    return {
      ...chain,
      fault: chain.fault ?? {
        reason: 'bad-certificate',
        detail: `the certificate of ${leaf.subject.text}: ${cause.message}`,
      },
    }
  }
}

/** The chain of who signs TCB info and identities: directly under the root, and named so. */
export function signerChain(certificates: readonly Certificate[], reader: Reader): IntelChain | undefined {
  const [leaf] = certificates
  if (leaf === undefined) return undefined
  const chain = follow(leaf, certificates, certificates, reader)
  if (chain.fault !== undefined) return chain
  const right = leaf.subject.parts.get('CN') === SIGNER_NAME && chain.path.length === 2
  return right ? chain : { ...chain, fault: misused(leaf, 'to sign TCB info and identities') }
}

/** The chain of who signs a list of revocations. */
export function listSignerChain(
  certificates: readonly Certificate[],
  list: RevocationList,
  reader: Reader,
): IntelChain | undefined {
  const [leaf] = certificates
  if (leaf === undefined) return undefined
  const chain = follow(leaf, certificates, certificates, reader, 'crl-sign')
  if (chain.fault !== undefined || equal(leaf.subject.der, list.issuer.der)) return chain
  return { ...chain, fault: misused(leaf, `of ${list.issuer.text}, whose list it came with`) }
}

function follow(
  leaf: Certificate,
  brought: readonly Certificate[],
  others: readonly Certificate[],
  { policy, time, suite }: Reader,
  use: KeyUse = 'digital-signature',
): IntelChain {
  const roots = rootSet(policy.roots, 'intel')
  const { path, window, fault, timeFault } = checkChain({
    leaf,
    others: [...new Set(others)],
    roots,
    time,
    use,
    suite,
  })
  const chain: IntelChain = { leaf, path, window, ...(timeFault && { timeFault }) }
  if (fault !== undefined) return { ...chain, fault: fault as Fault }
  if (brought.some((one, i) => one !== path[i]))
    return {
      ...chain,
      fault: {
        reason: 'bad-certificate',
        detail: `with the certificate of ${leaf.subject.text} comes another that is not of its chain`,
      },
    }
  return chain
}

function misused({ subject }: Certificate, what: string): Fault {
  return { reason: 'certificate-misused', detail: `the certificate of ${subject.text} is not one ${what}` }
}
