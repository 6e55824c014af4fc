/**
 * Evidence of NVIDIA GPUs (Hopper, Blackwell) and switches: a report that the chip's key signed, whose certificates lead to
 * NVIDIA's root for devices; that chip, and nobody above it, revoked; and its measurements those that NVIDIA published. The
 * report does not say whether a device is open to debuggers. NVIDIA's own verifiers take its measurements for the answer:
 * only firmware and settings as released have those.
 */
import { toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import {
  type Certificate,
  type ChainFault,
  checkChain,
  checkSignature,
  ecdsaDer,
  parseCertificate,
} from '../../x509/index.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, EvidenceFormat, Findings } from '../format.ts'
import { rootSet } from '../roots.ts'
import { certifiedFirmware, type Device, type DeviceKind, describeDevice } from './device.ts'
import { ARCHITECTURES, type DeviceEvidence, parseDeviceEvidence } from './document.ts'
import { compareWithManifests } from './measurement.ts'
import { type DeviceReport, OPAQUE } from './report.ts'
import { type Answers, chainStatus, readAnswers } from './revocation.ts'

export const nvidiaGpu: EvidenceFormat<DeviceEvidence> = formatOf('nvidia-gpu', 'NVIDIA GPU')
export const nvidiaSwitch: EvidenceFormat<DeviceEvidence> = formatOf('nvidia-switch', 'NVIDIA switch')

const ES384 = { kind: 'ecdsa', hash: 'SHA-384' } as const
const MOST_LEAVES = 16

function formatOf(kind: DeviceKind, name: string): EvidenceFormat<DeviceEvidence> {
  return {
    format: kind,
    parse: bytes => parseDeviceEvidence(bytes, kind),
    check: (parsed, context) => appraiseDevice(kind, name, parsed, context),
  }
}

function appraiseDevice(
  kind: DeviceKind,
  name: string,
  { report, certificates, arch }: DeviceEvidence,
  context: AppraisalContext,
): Findings {
  const others = context.endorsements.certificate.map(readable).filter(one => one !== undefined)
  const own = certificates?.map(readable)
  const { leaf, signature } =
    own === undefined ? leafAmong(others, report, context) : ownLeaf(own[0], report, context)
  const device = describeDevice(report, leaf)
  const answers = readAnswers(context.endorsements)
  const chained =
    leaf === undefined || own?.includes(undefined)
      ? unchained(own !== undefined)
      : followChain(leaf, [...((own?.slice(1) ?? []) as Certificate[]), ...others], answers, context)
  const compared = compareWithManifests(report, device, answers, context)
  // What a certificate says counts once its chain is believed.
  const believed = chained.checks.some(one => one.check === 'chain' && one.outcome === 'pass')
  const late = [...chained.late, ...compared.expired]
  const checks = [
    signature,
    ...chained.checks,
    ...(late.length > 0 || chained.window === undefined
      ? late
      : [
          check(
            'validity',
            'pass',
            'in-time',
            'its certificates, and all else that counted, are within their time',
          ),
        ]),
    platformCheck(kind, device, report, leaf, arch),
    ...compared.faults,
    compared.matched
      ? check(
          'debug',
          'pass',
          'not-debug',
          'it has the measurements of what NVIDIA released, which is closed',
        )
      : check(
          'debug',
          'not-checked',
          'debug-not-stated',
          'its report does not say; only its measurements tell',
        ),
    ...(compared.measurement === undefined ? [] : [compared.measurement]),
  ]
  return {
    format: kind,
    platform: believed && device.chip !== undefined ? `${name} (${device.chip})` : name,
    measurements: Object.fromEntries(
      [...report.measurements].map(([index, value]) => [`measurement${index}`, value]),
    ),
    facts: believed ? device.facts : withoutNames(device.facts),
    nonce: report.nonce,
    checks,
    // Where nothing could be relied on, there is no time of which it holds.
    window:
      chained.window === undefined
        ? { from: 0, until: 0 }
        : {
            from: Math.max(chained.window.from, compared.window.from),
            until: Math.min(chained.window.until, compared.window.until),
          },
  }
}

/** Less what only the certificate says. */
function withoutNames(facts: JsonObject): JsonObject {
  const names = ['chip', 'device']
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !names.includes(name)))
}

/** `checkChain` has time apart from the other faults. */
type ChainReason = Exclude<ChainFault, 'certificate-expired' | 'certificate-not-yet-valid'>

interface Chained {
  checks: Check[]
  /** What of it is out of its time. */
  late: Check[]
  window?: { from: number; until: number }
}

function followChain(
  leaf: Certificate,
  others: readonly Certificate[],
  answers: Answers,
  context: AppraisalContext,
): Chained {
  const { policy, time, suite } = context
  const roots = rootSet(policy.roots, 'nvidia')
  const chain = checkChain({ leaf, others, roots, time, use: 'digital-signature', suite })
  const { timeFault, window } = chain
  const late = timeFault ? [check('validity', 'fail', timeFault.reason, timeFault.detail)] : []
  if (chain.fault) {
    const { reason, detail } = chain.fault as { reason: ChainReason; detail: string }
    const why = 'without a good chain, nobody’s answer counts'
    return {
      checks: [
        check('chain', 'fail', reason, detail),
        check('revocation', 'not-checked', 'no-revocation-answer', why),
      ],
      late,
      window,
    }
  }
  const status = chainStatus(chain.path, answers, context)
  return {
    checks: [
      check('chain', 'pass', 'chained', `it leads to ${chain.path.at(-1)!.subject.text}`),
      status.check,
    ],
    late,
    window: {
      from: Math.max(window.from, status.window.from),
      until: Math.min(window.until, status.window.until),
    },
  }
}

function unchained(came: boolean): Chained {
  const nothing = 'without its chain, there is nothing to ask about'
  return {
    checks: [
      came
        ? check('chain', 'fail', 'bad-certificate', 'one of its certificates cannot be read')
        : check('chain', 'not-checked', 'endorsement-missing', 'no certificate of the device came along'),
      check('validity', 'not-checked', 'undated', 'without its chain, nothing says of when it is'),
      check('revocation', 'not-checked', 'no-revocation-answer', nothing),
    ],
    late: [],
  }
}

interface Signed {
  leaf?: Certificate
  signature: Check
}

function ownLeaf(leaf: Certificate | undefined, report: DeviceReport, context: AppraisalContext): Signed {
  if (leaf === undefined)
    return {
      signature: check('signature', 'not-checked', 'key-missing', 'the device’s certificate cannot be read'),
    }
  const outcome = signedBy(leaf, report, context)
  if (outcome === 'good') return { leaf, signature: signed(leaf) }
  return {
    leaf,
    signature: check(
      'signature',
      'fail',
      outcome === 'bad' ? 'bad-signature' : 'unknown-algorithm',
      `the key of ${leaf.subject.text} did not sign it`,
    ),
  }
}

/** A report that came alone was signed by one of those certificates that may issue none. */
function leafAmong(others: readonly Certificate[], report: DeviceReport, context: AppraisalContext): Signed {
  const leaves = others.filter(({ issues }) => issues === undefined).slice(0, MOST_LEAVES)
  const leaf = leaves.find(one => signedBy(one, report, context) === 'good')
  if (leaf !== undefined) return { leaf, signature: signed(leaf) }
  return {
    signature:
      leaves.length === 0
        ? check('signature', 'not-checked', 'key-missing', 'the device’s certificate did not come along')
        : check(
            'signature',
            'fail',
            'bad-signature',
            'none of the devices whose certificates came along signed it',
          ),
  }
}

function signed({ subject }: Certificate): Check {
  return check('signature', 'pass', 'signed', `signed by the key of ${subject.text}`)
}

function signedBy({ key }: Certificate, { signed, signature }: DeviceReport, { suite }: AppraisalContext) {
  if (key.kind !== 'ecdsa' || key.curve !== 'P-384') return 'unknown-algorithm'
  return checkSignature(key, ES384, signed, ecdsaDer(signature, 48)!, suite)
}

function readable(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der)
  } catch {
    return undefined
  }
}

/** Whether certificate, report and document are of one device, with the firmware that its maker's key measured. */
function platformCheck(
  kind: DeviceKind,
  { chip }: Device,
  { opaque }: DeviceReport,
  leaf: Certificate | undefined,
  arch: string | undefined,
): Check {
  const mismatch = (detail: string): Check => check('platform', 'fail', 'platform-mismatch', detail)
  const known = Object.values(ARCHITECTURES).find(({ chips }) => chip?.startsWith(chips))
  if (known !== undefined && known.kind !== kind)
    return mismatch(`the certificate is of a ${chip}, and the report of another kind of device`)
  const said = arch === undefined ? undefined : ARCHITECTURES[arch]
  if (said !== undefined && (said.kind !== kind || (chip !== undefined && !chip.startsWith(said.chips))))
    return mismatch(`it is said to be of ${arch}, and is not`)
  const reported = opaque.get(OPAQUE.fwid)
  if (reported === undefined)
    return check('platform', 'not-checked', 'no-platform-status', 'its report names no firmware to compare')
  if (leaf === undefined)
    return check(
      'platform',
      'not-checked',
      'endorsement-missing',
      'the device’s certificate did not come along',
    )
  return certifiedFirmware(leaf) === toHex(reported)
    ? check('platform', 'pass', 'platform-accepted', 'report and certificate name the same firmware')
    : mismatch('the report names another firmware than the certificate of the key that signed it')
}
