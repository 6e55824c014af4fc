/**
 * What a report of SEV-SNP is held against: the key that signed it, that key's certificates up to AMD's root (ARK), and
 * what the reader asks of patch level and privilege. Shared by reports as they are and those in Azure's wrapper.
 */
import { equal, toHex } from '../../bytes.ts'
import {
  type Certificate,
  type Chain,
  checkChain,
  checkRevocation,
  checkSignature,
  ecdsaDer,
  parseCertificate,
} from '../../x509/index.ts'
import { revocationLists, revokedCheck } from '../chain-checks.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, Findings } from '../format.ts'
import { rootSet } from '../roots.ts'
import { type EndorsementKey, readEndorsementKey } from './endorsement-key.ts'
import { factsOf, measurementsOf } from './facts.ts'
import type { SnpReport } from './report.ts'
import { type Generation, generationOfCpu, partsOf, tcbOf, tcbText } from './tcb.ts'

const ISSUER = /^SEV-(VLEK-)?(Milan|Genoa|Turin)$/
const ZEROS = /^0*$/
const ONES = /^f*$/

/** All but what belongs to the wrapper: format and report data. */
export type SnpFindings = Omit<Findings, 'format' | 'reportData'>

/** `vmpl` is the highest that counts here, whatever more the reader would take. */
export function judgeReport(report: SnpReport, context: AppraisalContext, vmpl = 3): SnpFindings {
  const { keys, others, unread } = certificatesOf(context)
  const key = chooseKey(keys, report, context)
  const chain = key && chainOf(key, others, context)
  const generation = generationOfCpu(report) ?? (report.cpu === undefined ? key?.generation : undefined)
  const checks: Check[] = [
    signatureCheck(report, key, context),
    chainCheck(key, chain, unread),
    validityCheck(chain),
  ]
  let window = chain?.window ?? { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }
  const revocation = revocationCheck(chain, context)
  checks.push(revocation.check)
  if (revocation.window !== undefined)
    window = {
      from: Math.max(window.from, revocation.window.from),
      until: Math.min(window.until, revocation.window.until),
    }
  const highest = Math.min(vmpl, context.policy.snp.vmpl)
  checks.push(...platformChecks(report, key, chain, generation, highest, context))
  checks.push(
    report.policy.debug
      ? check('debug', 'fail', 'debug-mode', 'its policy lets the host read and write what is in it')
      : check('debug', 'pass', 'not-debug', 'its policy keeps the host out'),
  )
  return {
    platform: `AMD SEV-SNP (${generation ?? 'generation not known'})`,
    measurements: measurementsOf(report),
    facts: factsOf(report, generation, key),
    checks,
    window,
  }
}

interface Found {
  keys: EndorsementKey[]
  others: Certificate[]
  /** How many could not be read. */
  unread: number
}

/** Sorts certificates that came along. They can be of any vendor, so one that cannot be read is only counted. */
function certificatesOf({ endorsements }: AppraisalContext): Found {
  const found: Found = { keys: [], others: [], unread: 0 }
  for (const der of endorsements.certificate) {
    try {
      const certificate = parseCertificate(der)
      const key = readEndorsementKey(certificate)
      if (key !== undefined) found.keys.push(key)
      else found.others.push(certificate)
    } catch {
      found.unread++
    }
  }
  return found
}

/** The one whose key signed the report, else one of the kind that the report names, else any. */
function chooseKey(
  keys: readonly EndorsementKey[],
  report: SnpReport,
  context: AppraisalContext,
): EndorsementKey | undefined {
  const own = keys.filter(({ kind }) => kind === report.signingKey)
  const among = own.length > 0 ? own : keys
  if (among.length < 2) return among[0]
  return among.find(key => isSignedBy(report, key, context) === 'good') ?? among[0]
}

function isSignedBy(report: SnpReport, { certificate }: EndorsementKey, { suite }: AppraisalContext) {
  const signature = ecdsaDer(report.signature, 48)!
  const { key } = certificate
  if (key.kind !== 'ecdsa' || key.curve !== 'P-384') return 'unknown-algorithm'
  return checkSignature(key, { kind: 'ecdsa', hash: 'SHA-384' }, report.signed, signature, suite)
}

function signatureCheck(
  report: SnpReport,
  key: EndorsementKey | undefined,
  context: AppraisalContext,
): Check {
  if (report.signingKey === 'none')
    return check('signature', 'fail', 'bad-signature', 'the report says itself that no key signed it')
  if (key === undefined)
    return check(
      'signature',
      'not-checked',
      'key-missing',
      `the certificate of the ${report.signingKey.toUpperCase()} that signed it did not come along`,
    )
  const outcome = isSignedBy(report, key, context)
  if (outcome === 'unknown-algorithm')
    return check('signature', 'fail', 'unknown-algorithm', 'the key in the certificate is not of P-384')
  return outcome === 'good'
    ? check('signature', 'pass', 'signed', `the key in the certificate (${key.kind.toUpperCase()}) signed it`)
    : check('signature', 'fail', 'bad-signature', 'the key in the certificate did not sign this report')
}

function chainOf(
  key: EndorsementKey,
  others: readonly Certificate[],
  { policy, time, suite }: AppraisalContext,
): Chain {
  const chain = checkChain({
    leaf: key.certificate,
    others,
    roots: rootSet(policy.roots, 'amd'),
    time,
    use: 'digital-signature',
    suite,
  })
  const [, issuer] = chain.path
  const name = ISSUER.exec(issuer?.subject.parts.get('CN') ?? '')
  // ASK and ASVK stand below one root: the name alone says which keys each may certify.
  if (chain.fault === undefined && (name === null || (name[1] !== undefined) !== (key.kind === 'vlek')))
    chain.fault = {
      reason: 'certificate-misused',
      detail: `${issuer?.subject.text ?? 'the root'} issues no certificate of a ${key.kind.toUpperCase()}`,
    }
  return chain
}

function chainCheck(key: EndorsementKey | undefined, chain: Chain | undefined, unread: number): Check {
  if (key === undefined || chain === undefined)
    return unread === 0
      ? check('chain', 'not-checked', 'endorsement-missing', 'no certificate of a VCEK or VLEK came along')
      : check(
          'chain',
          'fail',
          'bad-certificate',
          `none of a VCEK or VLEK among the certificates, and ${unread} cannot be read`,
        )
  const { fault, path } = chain
  if (
    fault !== undefined &&
    fault.reason !== 'certificate-expired' &&
    fault.reason !== 'certificate-not-yet-valid'
  )
    return check('chain', 'fail', fault.reason, fault.detail)
  return check('chain', 'pass', 'chained', `it leads to ${path.at(-1)!.subject.text}`)
}

function validityCheck(chain: Chain | undefined): Check {
  if (chain === undefined)
    return check('validity', 'not-checked', 'endorsement-missing', 'there is no certificate that would say')
  if (chain.timeFault !== undefined)
    return check('validity', 'fail', chain.timeFault.reason, chain.timeFault.detail)
  return chain.fault === undefined
    ? check(
        'validity',
        'pass',
        'in-time',
        'its certificates are in their time; a report has no time of its own',
      )
    : check('validity', 'not-checked', 'endorsement-missing', 'its certificates lead to no root')
}

/** AMD's list is signed by the root, and is of its signing keys: single chips are not on it. */
function revocationCheck(
  chain: Chain | undefined,
  { endorsements, time, suite }: AppraisalContext,
): { check: Check; window?: { from: number; until: number } } {
  const [, issuer, root] = chain?.path ?? []
  const none = {
    check: check('revocation', 'not-checked', 'no-revocation-answer', 'no list by AMD’s root came along'),
  }
  if (chain === undefined || chain.fault !== undefined || issuer === undefined || root === undefined)
    return none
  const { read: lists, faults } = revocationLists(endorsements)
  const answer = checkRevocation(issuer, root, lists, time, suite)
  switch (answer.outcome) {
    case 'not-revoked':
      return {
        check: check(
          'revocation',
          'pass',
          'not-revoked',
          'its signing key is not on AMD’s list, which is of signing keys and not of single chips',
        ),
        window: { from: answer.from, until: answer.until },
      }
    case 'revoked':
      return { check: revokedCheck(answer) }
    case 'bad':
      return { check: check('revocation', 'fail', 'bad-revocation-answer', answer.detail) }
    case 'out-of-date':
      return {
        check: check('revocation', 'not-checked', 'revocation-answer-out-of-date', answer.detail),
      }
    case 'none':
      return faults.length === 0
        ? none
        : {
            check: check(
              'revocation',
              'fail',
              'bad-revocation-answer',
              'a list of revocations cannot be read',
            ),
          }
  }
}

function platformChecks(
  report: SnpReport,
  key: EndorsementKey | undefined,
  chain: Chain | undefined,
  generation: Generation | undefined,
  highest: number,
  { policy }: AppraisalContext,
): Check[] {
  const faults: Check[] = []
  const mismatch = (detail: string) => faults.push(check('platform', 'fail', 'platform-mismatch', detail))
  if (report.vmpl > highest)
    faults.push(
      check(
        'platform',
        'fail',
        'privilege-not-accepted',
        `it was asked for at VMPL ${report.vmpl}, where ${highest} is the highest that counts`,
      ),
    )
  if (report.policy.migrationAgent && !ONES.test(toHex(report.reportIdMa)))
    faults.push(
      check(
        'platform',
        'fail',
        'migration-agent',
        'another machine may move it elsewhere, and nothing shows what that machine is',
      ),
    )
  if (key === undefined)
    return [
      ...faults,
      check('platform', 'not-checked', 'endorsement-missing', 'no certificate says which chip this is'),
    ]
  if (generation === undefined) {
    mismatch('its processor is of no generation that is known here')
    return faults
  }
  const issued = ISSUER.exec(chain?.path[1]?.subject.parts.get('CN') ?? '')?.[2]
  if (report.signingKey !== key.kind)
    mismatch(
      `the report names ${report.signingKey.toUpperCase()} as its key, and the certificate is of a ${key.kind.toUpperCase()}`,
    )
  if (key.generation !== generation || (issued !== undefined && issued !== generation))
    mismatch(
      `the processor is of ${generation}, and the certificate of ${key.product}${issued === undefined ? '' : ` under ${issued}`}`,
    )
  const tcb = tcbOf(report.reportedTcb, generation)
  const differs = partsOf(generation).filter(part => tcb[part] !== key.tcb[part])
  if (differs.length > 0)
    mismatch(
      `the report is of TCB ${tcbText(tcb)}, and the certificate of another: ${differs.map(part => `${part} ${key.tcb[part] ?? 'not stated'}`).join(', ')}`,
    )
  if (key.hardwareId !== undefined && !isChip(report.chipId, key.hardwareId))
    mismatch('the certificate is of another chip')
  const minimum = policy.snp.minimum[generation.toLowerCase()] ?? {}
  const below = partsOf(generation).filter(part => tcb[part]! < (minimum[part] ?? 0))
  if (below.length > 0)
    faults.push(
      check(
        'platform',
        'fail',
        'platform-below-minimum',
        `you ask for more than it has: ${below.map(part => `${part} ${minimum[part]}, and it has ${tcb[part]}`).join('; ')}`,
      ),
    )
  if (faults.length > 0) return faults
  if (chain?.fault !== undefined)
    return [
      check(
        'platform',
        'not-checked',
        'endorsement-missing',
        'the certificate that says which chip this is leads to no root that you trust',
      ),
    ]
  const masked = key.hardwareId !== undefined && ZEROS.test(toHex(report.chipId))
  return [
    check(
      'platform',
      'pass',
      'platform-accepted',
      `${generation} at TCB ${tcbText(tcb)}, as the certificate has it${masked ? '; which chip, its host left out of the report' : ''}`,
    ),
  ]
}

/** Whether the report is of that chip, or leaves out of which: then its signature alone says so. */
function isChip(chipId: Uint8Array, hardwareId: Uint8Array): boolean {
  if (chipId.every(byte => byte === 0)) return true
  return (
    equal(chipId.subarray(0, hardwareId.length), hardwareId) &&
    chipId.subarray(hardwareId.length).every(byte => byte === 0)
  )
}
