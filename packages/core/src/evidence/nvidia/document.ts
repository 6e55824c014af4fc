/**
 * One device's evidence as one string of bytes: an element of what NVIDIA's SDK writes, a JSON object with `arch`, the
 * `certificate` chain (base64 of PEM, the device's first), the `evidence` (base64 of the report) and the `nonce` (hex);
 * or the report alone, whose certificates then come along as endorsements.
 */
import { fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import { parseJson } from '../../json.ts'
import { type Json, Shape } from '../../shape.ts'
import { readPemCertificates } from '../../x509/index.ts'
import { type DeviceKind, deviceKind } from './device.ts'
import { type DeviceReport, MAX_REPORT_BYTES, parseReport } from './report.ts'

export interface DeviceEvidence {
  report: DeviceReport
  /** DER as it came, the device's own first; absent where they come as endorsements. */
  certificates?: Uint8Array[]
  /** As whoever wrote the document had it; the certificates tell. */
  arch?: string
}

/** The architectures that NVIDIA's SDK names, with how the names of their chips begin in certificates. */
export const ARCHITECTURES: Readonly<Record<string, { kind: DeviceKind; chips: string }>> = {
  HOPPER: { kind: 'nvidia-gpu', chips: 'GH' },
  BLACKWELL: { kind: 'nvidia-gpu', chips: 'GB' },
  LS10: { kind: 'nvidia-switch', chips: 'LS' },
}

export const MAX_DEVICE_BYTES = 128 * 1024
const MOST_DEVICES = 64
const MOST_CHAIN = 8
const SPDM_1_1 = 0x11
const shape = new Shape('bad-evidence')

/** Throws what `parseReport` and `parseJson` throw, and `bad-evidence`. */
export function parseDeviceEvidence(bytes: Uint8Array, kind: DeviceKind): DeviceEvidence {
  const evidence = bytes[0] === SPDM_1_1 ? { report: parseReport(bytes) } : readObject(bytes)
  const found = deviceKind(evidence.report)
  if (found !== kind)
    throw new AnswerableError('bad-evidence', `device evidence: of an ${found}, where an ${kind} belongs`)
  return evidence
}

function readObject(bytes: Uint8Array): DeviceEvidence {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_DEVICE_BYTES, maxDepth: 4 }), 'device evidence')
  const text = (name: string, most: number): string => shape.string(root[name], name, most)
  const arch = shape.literal(root.arch, 'arch', Object.keys(ARCHITECTURES))
  const report = parseReport(decode('evidence', text('evidence', MAX_REPORT_BYTES * 2)))
  const nonce = text('nonce', 64).toLowerCase()
  if (nonce !== toHex(report.nonce)) shape.fail('nonce', 'that of the report')
  return { report, certificates: readChain(text('certificate', MAX_DEVICE_BYTES)), arch }
}

function readChain(text: string): Uint8Array[] {
  const pem = decode('certificate', text)
  try {
    const certificates = readPemCertificates(fromUtf8(pem))
    if (certificates.length === 0 || certificates.length > MOST_CHAIN)
      shape.fail('certificate', `1 to ${MOST_CHAIN} certificates`)
    return certificates
  } catch (cause) {
    if (errorCode(cause) === 'bad-evidence' || errorCode(cause) === 'truncated') throw cause
    throw new AnswerableError('bad-evidence', `certificate: ${(cause as Error).message}`, { cause })
  }
}

function decode(where: string, text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-evidence', `${where}: expected canonical base64`, { cause })
  }
}

/**
 * What NVIDIA's SDK writes, an array of devices or one of them, as documents of one device each: their members that
 * matter, in one order and without spaces. Throws `bad-evidence` and what `parseJson` throws; reads no report.
 */
export function fromSdkEvidence(bytes: Uint8Array | string): Uint8Array[] {
  const root = parseJson(bytes, { maxBytes: MAX_DEVICE_BYTES * MOST_DEVICES, maxDepth: 4 })
  const list = Array.isArray(root) ? shape.array(root, 'device evidence', MOST_DEVICES) : [root as Json]
  return list.map((item, i) => {
    const { arch, certificate, evidence, nonce } = shape.object(item, `device evidence[${i}]`)
    return utf8(JSON.stringify({ arch, certificate, evidence, nonce }))
  })
}

/** A document of a report and its chain in PEM, as drivers and tests hand them out. Throws as `parseReport` does. */
export function formatDeviceEvidence(report: Uint8Array, pem: string, arch: string): Uint8Array {
  const nonce = toHex(parseReport(report).nonce)
  return utf8(JSON.stringify({ arch, certificate: toBase64(utf8(pem)), evidence: toBase64(report), nonce }))
}

/** A report's bytes from hex, in either case and with white space around it. Throws `bad-encoding`. */
export function reportFromHex(text: string): Uint8Array {
  return fromHex(text.trim().toLowerCase())
}

/** Of which kind of device a document is, as far as it can be read; for whoever must tell formats apart. */
export function deviceKindOf(bytes: Uint8Array): DeviceKind | undefined {
  try {
    return deviceKind((bytes[0] === SPDM_1_1 ? { report: parseReport(bytes) } : readObject(bytes)).report)
  } catch {
    return undefined
  }
}
