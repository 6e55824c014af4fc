/**
 * From a certificate to a root that the reader trusts (RFC 5280 section 6.1, without policies, which none of these
 * hierarchies uses). A root is trusted by the SHA-256 of its exact bytes, and comes along with the rest.
 */
import { concat } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { shownTime } from '../time.ts'
import { type Certificate, isNamedIssuer, type KeyUse } from './certificate.ts'
import { checkSignature } from './public-key.ts'

export const CHAIN_FAULTS = [
  'chain-incomplete',
  'root-not-trusted',
  'bad-certificate-signature',
  'unknown-algorithm',
  'certificate-misused',
  'unknown-critical-extension',
  'certificate-expired',
  'certificate-not-yet-valid',
] as const
export type ChainFault = (typeof CHAIN_FAULTS)[number]

export interface ChainOptions {
  leaf: Certificate
  /** Whatever came along; those that do not belong are left aside. */
  others: readonly Certificate[]
  /** SHA-256 fingerprints of roots that the reader trusts, in hex. */
  roots: ReadonlySet<string>
  /** Unix milliseconds. */
  time: number
  /** What the leaf's key must be allowed to do, where its certificate says anything of that. */
  use?: KeyUse
  /** A purpose (ExtendedKeyUsage) that the leaf must name. */
  purpose?: string
  /** Critical extensions that the caller reads itself. */
  known?: readonly string[]
  suite: Suite
}

export interface Chain {
  /** The leaf first, the root last; as far as it could be followed. */
  path: Certificate[]
  /** What is wrong, and with which certificate; the first found, from the root's end on. Absent for a good chain. */
  fault?: { reason: ChainFault; detail: string }
  /**
   * Faults of time alone, apart from the others: a chain can be all right but for the hour. Absent where all certificates
   * are in their time.
   */
  timeFault?: { reason: 'certificate-expired' | 'certificate-not-yet-valid'; detail: string }
  /** When all of them are valid together, Unix milliseconds. */
  window: { from: number; until: number }
}

const MOST_DEEP = 8
/** Issuers of one name that are tried: a renewed certificate stands beside the old one, and more means mischief. */
const MOST_NAMESAKES = 4
/** Certificates beyond this many are not looked at, so that a search ends. */
export const MOST_CERTIFICATES = 32
/** Those that RFC 5280 section 4.2 has, and this code heeds; the rest only where the caller knows them. */
const HEEDED = new Set(['2.5.29.15', '2.5.29.19', '2.5.29.37', '2.5.29.14', '2.5.29.35'])

/** A purpose (RFC 6960 section 4.2.2.2). */
export const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

/** Follows a chain and judges it. Never throws. */
export function checkChain(options: ChainOptions): Chain {
  const { leaf, roots, suite } = options
  const others = options.others.slice(0, MOST_CERTIFICATES)
  const path = [leaf]
  let fault: Chain['fault']
  for (let at = leaf; ; ) {
    if (roots.has(suite.sha256Hex(at.der))) break
    const named = others.filter(one => isNamedIssuer(one, at) && !path.includes(one)).slice(0, MOST_NAMESAKES)
    if (named.length === 0) {
      fault = isNamedIssuer(at, at)
        ? {
            reason: 'root-not-trusted',
            detail: `it ends in ${at.subject.text}, which is not a root that you trust`,
          }
        : { reason: 'chain-incomplete', detail: `the certificate of ${at.issuer.text} is missing` }
      break
    }
    if (path.length === MOST_DEEP) {
      fault = { reason: 'chain-incomplete', detail: `it is over ${MOST_DEEP} certificates long` }
      break
    }
    const outcomes = named.map(one => signatureOf(at, one, suite))
    const good = outcomes.indexOf('good')
    if (good < 0) {
      const unknown = outcomes.includes('unknown-algorithm')
      fault = {
        reason: unknown ? 'unknown-algorithm' : 'bad-certificate-signature',
        detail: unknown
          ? `the certificate of ${at.subject.text} is signed in a way that is not known here`
          : `${at.issuer.text} did not sign the certificate of ${at.subject.text}`,
      }
      break
    }
    at = named[good]!
    path.push(at)
  }
  fault ??= misuse(path, options)
  const window = {
    from: Math.max(...path.map(({ notBefore }) => notBefore)),
    until: Math.min(...path.map(({ notAfter }) => notAfter + 999)),
  }
  const timeFault = outOfTime(path, options.time)
  return { path, window, ...(fault && { fault }), ...(timeFault && { timeFault }) }
}

/** Links between issuers that were found good, by suite: a few of them stand above all the leaves of a vendor. */
const GOOD_LINKS = new WeakMap<Suite, Set<string>>()
const MOST_LINKS = 4096

/** Lets a suite that checks as another does, or refuses to, know the links that the other found good. */
export function shareLinks(from: Suite, to: Suite): void {
  const good = GOOD_LINKS.get(from) ?? new Set<string>()
  GOOD_LINKS.set(from, good)
  GOOD_LINKS.set(to, good)
}

/**
 * Whether the one signed the other. Of what itself issues others a good answer is remembered, under the digest of all that
 * it follows from; a leaf is looked at each time.
 */
function signatureOf(of: Certificate, by: Certificate, suite: Suite): ReturnType<typeof checkSignature> {
  const check = () => checkSignature(by.key, of.algorithm, of.tbs, of.signature, suite)
  if (of.issues === undefined) return check()
  const link = suite.sha256Hex(concat(by.key.spki, of.der))
  const good = GOOD_LINKS.get(suite) ?? new Set<string>()
  GOOD_LINKS.set(suite, good)
  if (good.has(link)) return 'good'
  const outcome = check()
  if (outcome === 'good') {
    if (good.size >= MOST_LINKS) good.clear()
    good.add(link)
  }
  return outcome
}

function misuse(path: readonly Certificate[], { use, purpose, known = [] }: ChainOptions): Chain['fault'] {
  for (const [i, one] of path.entries()) {
    const who = one.subject.text
    for (const [id, { critical }] of one.extensions)
      if (critical && !HEEDED.has(id) && !known.includes(id))
        return {
          reason: 'unknown-critical-extension',
          detail: `the certificate of ${who} has the critical extension ${id}, which is not known here`,
        }
    if (i === 0) continue
    // Section 4.2.1.9: those between it and the leaf, itself and the leaf not counted.
    if (one.issues === undefined || one.issues.most < i - 1)
      return {
        reason: 'certificate-misused',
        detail: `${who} may not issue a certificate like that below it`,
      }
    if (one.usage !== undefined && !one.usage.has('certificate-sign'))
      return { reason: 'certificate-misused', detail: `the key of ${who} may not sign certificates` }
  }
  const [leaf] = path as [Certificate]
  // Whoever answers for an authority about revocations speaks for it in nothing else.
  if (purpose === undefined && leaf.purposes?.has(OCSP_SIGNING))
    return {
      reason: 'certificate-misused',
      detail: `the certificate of ${leaf.subject.text} is for revocation answers`,
    }
  if (use !== undefined && leaf.usage !== undefined && !leaf.usage.has(use))
    return { reason: 'certificate-misused', detail: `the key of ${leaf.subject.text} is not for ${use}` }
  if (purpose !== undefined && !leaf.purposes?.has(purpose))
    return {
      reason: 'certificate-misused',
      detail: `the certificate of ${leaf.subject.text} is not for ${purpose}`,
    }
  return undefined
}

function outOfTime(path: readonly Certificate[], time: number): Chain['timeFault'] {
  for (const { subject, notBefore, notAfter } of path) {
    if (time < notBefore)
      return {
        reason: 'certificate-not-yet-valid',
        detail: `the certificate of ${subject.text} is valid from ${shownTime(notBefore)}`,
      }
    // notAfter is to the second, and within.
    if (time >= notAfter + 1000)
      return {
        reason: 'certificate-expired',
        detail: `the certificate of ${subject.text} was valid until ${shownTime(notAfter)}`,
      }
  }
  return undefined
}
