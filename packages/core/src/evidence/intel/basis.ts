/** What the checks of a quote rest on, gathered once: certificates, collateral, and whose word each of them is. */
import { AnswerableError } from '../../error.ts'
import type { Suite } from '../../suite.ts'
import { type Certificate, ecdsaDer, shareLinks } from '../../x509/index.ts'
import type { AppraisalContext } from '../format.ts'
import {
  certificatesIn,
  type Fault,
  type IntelChain,
  listSignerChain,
  type PckChain,
  pckChain,
  signerChain,
} from './chain.ts'
import { Certificates, type Collateral, chooseCollateral, type Signed } from './collateral.ts'
import type { Quote, Tee } from './quote.ts'

/** All that checks rest on, gathered once. */
export interface Basis {
  quote: Quote
  tee: Tee
  context: AppraisalContext
  pck?: PckChain | undefined
  /** Why the quote's certificates could not be read. */
  pckFault?: Fault
  collateral?: Collateral | undefined
  /** Why no collateral could be read of what came. */
  collateralFault?: string | undefined
  tcbSigner?: IntelChain | undefined
  qeSigner?: IntelChain | undefined
  listSigner?: IntelChain | undefined
  /** Which of the two texts their signer, being Intel's, signed. */
  believed: { tcbInfo: boolean; qeIdentity: boolean }
}

/** Checks each signature once: the certificates and lists of one quote meet several times. */
export function once(suite: Suite): Suite {
  const seen = new Map<Uint8Array, { key: Uint8Array; signature: Uint8Array; good: boolean }>()
  const made: Suite = {
    ...suite,
    verifyEcdsa(curve, key, message, signature) {
      const before = seen.get(message)
      if (before?.key === key && before.signature === signature) return before.good
      const good = suite.verifyEcdsa(curve, key, message, signature)
      seen.set(message, { key, signature, good })
      return good
    },
  }
  shareLinks(suite, made)
  return made
}

/** Never throws for anything that a quote or endorsements can hold. */
export function gather(quote: Quote, tee: Tee, context: AppraisalContext): Basis {
  const { endorsements, suite } = context
  const basis: Basis = { quote, tee, context, believed: { tcbInfo: false, qeIdentity: false } }
  const certificates = new Certificates()
  let brought: Certificate[] = []
  try {
    brought = certificatesIn(quote, certificates)
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    basis.pckFault = { reason: 'bad-certificate', detail: `in the quote: ${cause.message}` }
  }
  const fromQuote = brought.length === 0 ? undefined : pckChain(brought, [], () => true, context)
  const { collateral, fault } = chooseCollateral(
    endorsements['intel-collateral'],
    { tee, time: context.time, fmspc: fromQuote?.pck?.fmspc },
    certificates,
  )
  basis.collateral = collateral
  basis.collateralFault = fault
  if (fromQuote !== undefined && fromQuote.fault?.reason !== 'chain-incomplete') basis.pck = fromQuote
  else if (basis.pckFault === undefined) {
    const endorsed = [
      ...(collateral?.pckChain ?? []),
      ...(collateral?.listChain ?? []),
      ...certificatesOf(endorsements.certificate, certificates),
    ]
    const { report, signature } = quote.qe
    const isSigner = ({ key }: Certificate): boolean =>
      key.kind === 'ecdsa' && key.curve === 'P-256' && verifies(key.point, report.bytes, signature, suite)
    basis.pck = pckChain(brought, endorsed, isSigner, context)
  }
  if (collateral === undefined) return basis
  basis.tcbSigner = signerChain(collateral.tcbInfo.chain, context)
  basis.qeSigner = signerChain(collateral.qeIdentity.chain, context)
  basis.listSigner = listSignerChain(collateral.listChain, collateral.pckList, context)
  basis.believed = {
    tcbInfo: isBelieved(collateral.tcbInfo, basis.tcbSigner, suite),
    qeIdentity: isBelieved(collateral.qeIdentity, basis.qeSigner, suite),
  }
  return basis
}

/** Those of the endorsements that can be read: what others are for is not this quote's fault. */
function certificatesOf(ders: readonly Uint8Array[], certificates: Certificates): Certificate[] {
  return ders.flatMap(der => readable(() => certificates.read(der)))
}

function readable<T>(read: () => T): T[] {
  try {
    return [read()]
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    return []
  }
}

/** A signature of r and s by a point without the byte that says that it is one. */
export function verifies(
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  suite: Suite,
): boolean {
  const der = ecdsaDer(signature, 32)
  return der !== undefined && suite.verifyEcdsa('P-256', point, message, der)
}

/** Whether the signer of a text that Intel signed is Intel's, and signed it. */
function isBelieved(
  { bytes, signature }: Signed<unknown>,
  signer: IntelChain | undefined,
  suite: Suite,
): boolean {
  if (signer === undefined || signer.fault !== undefined) return false
  const { key } = signer.leaf
  return (
    key.kind === 'ecdsa' && key.curve === 'P-256' && suite.verifyEcdsa('P-256', key.point, bytes, signature)
  )
}
