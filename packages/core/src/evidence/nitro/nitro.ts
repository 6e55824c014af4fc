/**
 * AWS Nitro Enclaves: a document of the hypervisor, signed by a key whose certificate lives about three hours, under AWS's
 * root. AWS publishes neither revocations nor patch levels for it, so neither is checked, and the result says so.
 */
import { toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import { shownTime } from '../../time.ts'
import { checkChain } from '../../x509/index.ts'
import { chainCheck, revocationCheck, type Window } from '../chain-checks.ts'
import { type Check, check } from '../check.ts'
import { checkCoseSign1 } from '../cose/sign1.ts'
import type { AppraisalContext, EvidenceFormat, Findings } from '../format.ts'
import { rootSet } from '../roots.ts'
import { shownText } from '../text.ts'
import { type NitroDocument, parseNitroDocument } from './document.ts'

/**
 * By how much a document may be of later than the time it is checked for, in milliseconds: clocks differ, and times of
 * records are to the second.
 */
const SLACK = 60_000
/** Registers that AWS gives a meaning: image, kernel, application, role, instance, signer. They are shown also when zero. */
const NAMED_PCRS = [0, 1, 2, 3, 4, 8]

export const nitro: EvidenceFormat<NitroDocument> = {
  format: 'nitro',
  parse: parseNitroDocument,

  check(document, context) {
    const { moduleId, timestamp, publicKey, userData, nonce } = document
    const facts: JsonObject = { module: shownText(moduleId), made: shownTime(timestamp) }
    if (publicKey !== undefined) facts.publicKeySha256 = context.suite.sha256Hex(publicKey)
    const { checks, window } = appraiseSignature(document, context)
    const findings: Findings = {
      format: 'nitro',
      platform: 'AWS Nitro Enclaves',
      measurements: measurementsOf(document),
      facts,
      time: timestamp,
      checks: [
        ...checks,
        check(
          'platform',
          'not-checked',
          'no-platform-status',
          'AWS says nothing of its machines’ patch level',
        ),
        debugCheck(document),
      ],
      window,
    }
    // An empty one binds to nothing.
    if (userData !== undefined && userData.length > 0) findings.reportData = userData
    if (nonce !== undefined && nonce.length > 0) findings.nonce = nonce
    return findings
  },
}

function appraiseSignature(
  { cose, timestamp, certificates }: NitroDocument,
  { time, policy, endorsements, suite }: AppraisalContext,
): { checks: Check[]; window: Window } {
  if ('fault' in certificates)
    return {
      checks: [
        check('signature', 'not-checked', 'key-missing', 'the certificate of its key cannot be read'),
        check('chain', 'fail', 'bad-certificate', certificates.fault),
        check('validity', 'not-checked', 'undated', 'its certificates cannot be read'),
      ],
      window: { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
    }
  const { leaf, bundle } = certificates
  const chain = checkChain({
    leaf,
    others: bundle,
    roots: rootSet(policy.roots, 'nitro'),
    time,
    use: 'digital-signature',
    suite,
  })
  const revocation = revocationCheck(chain, endorsements, time, suite)
  return {
    checks: [
      signatureCheck(checkCoseSign1(cose, leaf.key, suite)),
      // Section 3.2.3.3 of AWS's document: the leaf says what its key is for, and may issue nothing.
      chain.fault === undefined && (leaf.usage === undefined || leaf.issues !== undefined)
        ? check(
            'chain',
            'fail',
            'certificate-misused',
            `${leaf.subject.text} is not one that signs documents`,
          )
        : chainCheck(chain),
      validityCheck(chain.timeFault, timestamp, time),
      revocation.check,
    ],
    window: {
      from: Math.max(chain.window.from, revocation.window?.from ?? chain.window.from),
      until: Math.min(chain.window.until, revocation.window?.until ?? chain.window.until),
    },
  }
}

function signatureCheck(outcome: ReturnType<typeof checkCoseSign1>): Check {
  if (outcome === 'good')
    return check('signature', 'pass', 'signed', 'the hypervisor’s key signed it, with ES384')
  return outcome === 'bad'
    ? check('signature', 'fail', 'bad-signature', 'the key of its certificate did not sign these bytes')
    : check('signature', 'fail', 'unknown-algorithm', 'the key of its certificate is not on P-384')
}

function validityCheck(
  fault: ReturnType<typeof checkChain>['timeFault'],
  timestamp: number,
  time: number,
): Check {
  if (fault !== undefined) return check('validity', 'fail', fault.reason, fault.detail)
  return timestamp > time + SLACK
    ? check('validity', 'fail', 'evidence-not-yet-made', `it is of ${shownTime(timestamp)}, which is later`)
    : check('validity', 'pass', 'in-time', 'all of its certificates are valid as of then')
}

/** Section "PCRs and debug mode" of AWS's user guide: an enclave that can be looked into has zeros there. */
function debugCheck({ pcrs }: NitroDocument): Check {
  const first = [0, 1, 2].map(index => pcrs.get(index))
  if (first.includes(undefined))
    return check('debug', 'not-checked', 'debug-not-stated', 'not all of PCR0, PCR1 and PCR2 are there')
  return first.every(isZero)
    ? check('debug', 'fail', 'debug-mode', 'PCR0, PCR1 and PCR2 are zero, as its owner can look into it')
    : check('debug', 'pass', 'not-debug', 'PCR0, PCR1 and PCR2 are of an image')
}

function measurementsOf({ pcrs }: NitroDocument): Record<string, string> {
  const measurements: Record<string, string> = {}
  for (const [index, content] of [...pcrs].sort(([a], [b]) => a - b))
    if (NAMED_PCRS.includes(index) || !isZero(content)) measurements[`pcr${index}`] = toHex(content)
  return measurements
}

function isZero(bytes: Uint8Array | undefined): boolean {
  return bytes?.every(byte => byte === 0) === true
}
