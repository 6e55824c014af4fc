/**
 * Where an image came from, by a Sigstore bundle: who signed it, vouched for by whom, when, and that this stands in public
 * logs. Offline: logs are believed by their keys in the trusted root that the reader brings.
 */
import { toHex } from '../../bytes.ts'
import { preAuthEncoding } from '../../statement/envelope.ts'
import type { EcdsaCurve, Suite } from '../../suite.ts'
import { shownTime } from '../../time.ts'
import { type Certificate, checkChain, type PublicKey, parseCertificate } from '../../x509/index.ts'
import { type Check, check } from '../check.ts'
import { type Bundle, parseBundle } from './bundle.ts'
import { checkCertificateLog } from './certificate-log.ts'
import { timeSteps } from './dating.ts'
import { isDigestSigned } from './digest-signature.ts'
import { attempt } from './fields.ts'
import { isSignedBy } from './log-entry.ts'
import { readSigner, type Signer, SUBJECT_ALTERNATIVE_NAME } from './signer.ts'
import { type ProvenanceStep, step } from './step.ts'
import { isAbout, readSubjects, type SignedSubjects } from './subjects.ts'
import { type Authority, isWithin, parseTrustedRoot, type TrustedRoot } from './trusted-root.ts'

export interface ProvenanceOptions {
  /** The exact bytes. */
  bundle: Uint8Array
  /** Sigstore's trusted root, JSON. */
  trustedRoot: Uint8Array | undefined
  /** SHA-256, in hex, of the trusted roots that count (`policy.roots.sigstore`); absent where this one is the reader's own. */
  roots?: readonly string[]
  /** SHA-256 of the image that it should be about, in hex. */
  imageDigest?: string
  /** Who may have signed, and by whose word: one of these, exactly. */
  identities?: readonly { identity: string; issuer: string }[]
  /** As of when, Unix milliseconds. */
  time: number
  suite: Suite
}

export interface Provenance {
  /** The check of an appraisal, from all the steps. */
  check: Check
  steps: ProvenanceStep[]
  /** As the certificate and the statement have them: believed only where the check passes. */
  signer?: Signer
  signed?: SignedSubjects
  /** When, by the word of the first log, Unix milliseconds. */
  time?: number
}

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
/** The hash that goes with each curve. */
const CURVE_HASH: Record<EcdsaCurve, 'sha256' | 'sha384' | 'sha512'> = {
  'P-256': 'sha256',
  'P-384': 'sha384',
  'P-521': 'sha512',
}

/** Looks at everything that can be looked at, and says of each what was found. Never throws. */
export function checkProvenance(options: ProvenanceOptions): Provenance {
  const found: Omit<Provenance, 'check'> = { steps: [] }
  look(options, found)
  return { check: summary(found, options), ...found }
}

function look(options: ProvenanceOptions, found: Omit<Provenance, 'check'>): void {
  const { suite } = options
  const { steps } = found
  const root = rootOf(options, steps)
  const bundle = attempt(() => parseBundle(options.bundle))
  if (bundle instanceof Error) {
    steps.push(step('bundle', 'fail', 'bad-bundle', bundle.message))
    return
  }
  steps.push(step('bundle', 'pass', 'readable', 'a bundle of Sigstore'))
  const leaf = attempt(() => parseCertificate(bundle.certificate))
  if (leaf instanceof Error) {
    steps.push(step('certificate', 'fail', 'bad-certificate', leaf.message))
    return
  }
  const signer = attempt(() => readSigner(leaf))
  if (signer instanceof Error) steps.push(step('certificate', 'fail', 'bad-certificate', signer.message))
  else found.signer = signer
  if (root !== undefined) {
    const times = timeSteps(bundle, root, options, steps)
    if (times.length > 0) found.time = times[0]!
    certificateSteps(leaf, times, root, options, steps)
  }
  steps.push(signatureStep(leaf.key, bundle, suite))
  subjectStep(bundle, options, found)
  if (found.signer !== undefined) steps.push(identityStep(found.signer, options))
}

function rootOf(
  { trustedRoot, roots, suite }: ProvenanceOptions,
  steps: ProvenanceStep[],
): TrustedRoot | undefined {
  if (trustedRoot === undefined) {
    steps.push(step('trusted-root', 'not-checked', 'root-missing', 'no trusted root came along'))
    return undefined
  }
  const digest = suite.sha256Hex(trustedRoot)
  if (roots !== undefined && !roots.includes(digest)) {
    steps.push(step('trusted-root', 'fail', 'root-not-trusted', `you do not trust the root ${digest}`))
    return undefined
  }
  const root = attempt(() => parseTrustedRoot(trustedRoot))
  if (root instanceof Error) {
    steps.push(step('trusted-root', 'fail', 'bad-trusted-root', root.message))
    return undefined
  }
  const whose = roots === undefined ? 'the trusted root is yours' : 'your policy names the trusted root'
  steps.push(step('trusted-root', 'pass', 'root-trusted', whose))
  return root
}

function certificateSteps(
  leaf: Certificate,
  times: readonly number[],
  root: TrustedRoot,
  { suite }: ProvenanceOptions,
  steps: ProvenanceStep[],
): void {
  if (times.length === 0) {
    const why = 'at which time it should be valid is not shown'
    steps.push(step('certificate', 'not-checked', 'undated', why))
    steps.push(step('certificate-log', 'not-checked', 'undated', why))
    return
  }
  let issuer: Certificate | undefined
  let fault: ProvenanceStep | undefined
  for (const time of times) {
    const outcomes = root.authorities
      .filter(({ span }) => isWithin(span, time))
      .map(authority => underAuthority(leaf, authority, time, suite))
    const good = outcomes.find(one => 'issuer' in one)
    if (good !== undefined) issuer = good.issuer
    else {
      // The fault of the authority that came furthest says most.
      const faults = outcomes.filter(one => 'step' in one)
      fault =
        faults.find(({ reason }) => reason !== 'unknown-authority') ??
        faults[0] ??
        step('certificate', 'fail', 'unknown-authority', 'your trusted root has no authority at that time')
    }
  }
  if (fault !== undefined || issuer === undefined) {
    steps.push(fault!)
    return
  }
  steps.push(
    step('certificate', 'pass', 'chained', `by ${issuer.subject.text}, at the time of the log entry`),
  )
  const logged = checkCertificateLog(leaf, issuer, root.certificateLogs, suite)
  steps.push(
    'fault' in logged
      ? step('certificate-log', 'fail', logged.fault, logged.detail)
      : step('certificate-log', 'pass', 'certificate-logged', `in ${logged.urls.join(' and ')}`),
  )
}

/** What issued the leaf, where it leads to this authority and may sign code; or what is wrong. */
function underAuthority(
  leaf: Certificate,
  { chain }: Authority,
  time: number,
  suite: Suite,
): { issuer: Certificate } | ProvenanceStep {
  const roots = new Set([suite.sha256Hex(chain.at(-1)!.der)])
  const { path, fault, timeFault } = checkChain({
    leaf,
    others: chain,
    roots,
    time,
    use: 'digital-signature',
    purpose: CODE_SIGNING,
    known: [SUBJECT_ALTERNATIVE_NAME],
    suite,
  })
  if (fault?.reason === 'chain-incomplete' || fault?.reason === 'root-not-trusted')
    return step('certificate', 'fail', 'unknown-authority', fault.detail)
  if (fault?.reason === 'bad-certificate-signature' || fault?.reason === 'unknown-algorithm')
    return step('certificate', 'fail', 'bad-certificate-signature', fault.detail)
  if (fault !== undefined) return step('certificate', 'fail', 'certificate-misused', fault.detail)
  if (timeFault !== undefined) return step('certificate', 'fail', 'certificate-out-of-time', timeFault.detail)
  const [, issuer, ...above] = path
  if (issuer === undefined || leaf.issues !== undefined)
    return step('certificate', 'fail', 'certificate-misused', 'it is of an authority, and not of a signer')
  // An authority that names purposes passes on no others.
  if ([issuer, ...above].some(({ purposes }) => purposes !== undefined && !purposes.has(CODE_SIGNING)))
    return step('certificate', 'fail', 'certificate-misused', 'its authority is for something else')
  return { issuer }
}

function signatureStep(key: PublicKey, { content }: Bundle, suite: Suite): ProvenanceStep {
  const bad = step('signature', 'fail', 'bad-signature', 'the key of the certificate did not sign this')
  const good = step('signature', 'pass', 'signed', 'the key of the certificate signed this')
  if (content.kind === 'dsse') {
    const { payloadType, payload, signature } = content
    if (key.kind === 'unknown')
      return step('signature', 'not-checked', 'unknown-algorithm', 'a key of a kind that is not known here')
    return isSignedBy(key, preAuthEncoding(payloadType, payload), signature, suite) ? good : bad
  }
  // Of the message only the digest is here, which is what ECDSA signs.
  if (key.kind !== 'ecdsa' || CURVE_HASH[key.curve] !== content.hash)
    return step('signature', 'not-checked', 'unknown-algorithm', 'it takes the bytes that were signed')
  return isDigestSigned(key, content.digest, content.signature) ? good : bad
}

function subjectStep(
  { content }: Bundle,
  { imageDigest }: ProvenanceOptions,
  found: Omit<Provenance, 'check'>,
): void {
  const signed = attempt(() => readSubjects(content))
  if (signed instanceof Error) {
    found.steps.push(step('subject', 'fail', 'bad-statement', signed.message))
    return
  }
  if (signed !== undefined) found.signed = signed
  const about =
    imageDigest !== undefined &&
    (content.kind === 'message'
      ? content.hash === 'sha256' && toHex(content.digest) === imageDigest
      : signed !== undefined && isAbout(signed, imageDigest))
  found.steps.push(
    imageDigest === undefined
      ? step('subject', 'not-checked', 'no-image-named', 'you named no image that it should be about')
      : about
        ? step('subject', 'pass', 'about-this-image', `it is about ${imageDigest}`)
        : step('subject', 'fail', 'about-another', `it is not about ${imageDigest}`),
  )
}

function identityStep({ identity, issuer }: Signer, { identities }: ProvenanceOptions): ProvenanceStep {
  const who = `${identity} (by the word of ${issuer})`
  if (identities === undefined)
    return step('identity', 'not-checked', 'no-identity-named', `it is by ${who}; you named nobody`)
  return identities.some(one => one.identity === identity && one.issuer === issuer)
    ? step('identity', 'pass', 'identity-accepted', `it is by ${who}`)
    : step('identity', 'fail', 'identity-not-accepted', `it is by ${who}, whom you did not name`)
}

/** What may go unchecked because there is nothing to check, or nothing was asked. */
const UNASKED: ReadonlySet<string> = new Set(['no-timestamps', 'no-image-named', 'no-identity-named'])

function summary(
  { steps, signer, time }: Omit<Provenance, 'check'>,
  { imageDigest }: ProvenanceOptions,
): Check {
  const failed = steps.find(({ outcome }) => outcome === 'fail')
  if (failed !== undefined) {
    const detail = `${failed.step}: ${failed.detail}`
    // What the bundle itself shows comes before whether it is the one that was wanted.
    if (failed.reason === 'about-another') return check('provenance', 'fail', 'provenance-of-another', detail)
    if (failed.reason === 'identity-not-accepted')
      return check('provenance', 'fail', 'provenance-by-another', detail)
    if (failed.reason === 'root-not-trusted') return check('provenance', 'fail', 'root-not-trusted', detail)
    return check('provenance', 'fail', 'bad-provenance', detail)
  }
  const open = steps.find(({ outcome, reason }) => outcome === 'not-checked' && !UNASKED.has(reason))
  if (open !== undefined || signer === undefined || time === undefined)
    return check('provenance', 'not-checked', 'provenance-not-shown', `${open?.step}: ${open?.detail}`)
  const what = imageDigest === undefined ? 'of which image was not asked' : `of ${imageDigest}`
  return check(
    'provenance',
    'pass',
    'provenance-shown',
    `signed by ${signer.identity} (by the word of ${signer.issuer}) on ${shownTime(time)}; ${what}`,
  )
}
