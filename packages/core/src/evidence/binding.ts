/**
 * How evidence is bound to a node: what its workload has the platform sign is a digest of its log's key and of the evidence
 * of its devices. Whoever holds that key was, when it had this signed, the workload that was measured; and only a workload
 * that does not give the key away makes a record under it one of that workload. A new boot makes a new key, and so a
 * new log.
 */
import { concat, fromHex, utf8 } from '../bytes.ts'
import type { Suite } from '../suite.ts'

const BINDING_CONTEXT = 'answerable.dev/evidence-binding/v1\n'
const NONCE_CONTEXT = 'answerable.dev/device-nonce/v1\n'

/**
 * The 32 bytes that the CPU's evidence must hold: SHA-256 over a fixed text, the log's vkey, and the SHA-256 of the exact
 * bytes of each device's evidence, a line each, in hex and in order.
 */
export function evidenceBinding(logVkey: string, devices: readonly Uint8Array[], suite: Suite): Uint8Array {
  const digests = devices.map(bytes => suite.sha256Hex(bytes)).sort()
  return suite.sha256(utf8(`${BINDING_CONTEXT}${logVkey}\n${digests.map(one => `${one}\n`).join('')}`))
}

/** The 32 bytes with which devices are asked for their evidence, so that it is of this log's node. */
export function deviceNonce(logVkey: string, suite: Suite): Uint8Array {
  return suite.sha256(utf8(`${NONCE_CONTEXT}${logVkey}\n`))
}

/** Whether report data of whatever length a format has is this binding: then nothing follows it but zeros. */
export function isBoundTo(reportData: Uint8Array, binding: Uint8Array): boolean {
  if (reportData.length < binding.length) return false
  return reportData.every((byte, i) => byte === (binding[i] ?? 0))
}

/** The binding as report data of `length` bytes. */
export function asReportData(binding: Uint8Array, length: number): Uint8Array {
  return concat(binding, new Uint8Array(length - binding.length))
}

/** Bytes from hex, for those who hand bindings about as text. Throws `bad-encoding`. */
export function bindingFromHex(text: string): Uint8Array {
  return fromHex(text.toLowerCase())
}
