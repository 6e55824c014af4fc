/**
 * Azure's wrapper of a SEV-SNP report (the HCL report, as a guest reads it from its vTPM at NV index 0x01400001): a header
 * of 32 bytes, the report, a header of 20 bytes, and runtime data in JSON, whose SHA-256 is the report's data. The
 * paravisor asks for the report, at VMPL 0, once; what the guest wants signed along is `user-data` in the runtime data.
 * So the measurement is the paravisor's. What runs above it is measured in the vTPM, of which this document only holds
 * the key.
 */
import { equal, fromBase64Url, fromHex, fromUtf8, toHex } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import { parseJson } from '../../json.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import { check } from '../check.ts'
import type { EvidenceFormat } from '../format.ts'
import { judgeReport } from './judge.ts'
import { parseSnpReport, REPORT_BYTES, type SnpReport } from './report.ts'

const HEADER_BYTES = 32
const RUNTIME_AT = HEADER_BYTES + REPORT_BYTES
const RUNTIME_HEADER_BYTES = 20
export const AZURE_MAGIC = 'HCLA'
const MAX_BYTES = 16 * 1024
const USER_DATA_BYTES = 64
const MOST_KEYS = 8
const PARAVISOR_VMPL = 0

export interface AzureReport {
  report: SnpReport
  /** The exact bytes whose digest is the report's data. */
  runtime: Uint8Array
  /** What the guest had signed along; absent where it asked for nothing. */
  userData?: Uint8Array
  /** Of the vTPM's attestation key, in hex. */
  akModulus: string
  configuration: JsonObject
}

const shape = new Shape('bad-evidence')

/** Throws as `parseSnpReport` does. */
export function parseAzureReport(bytes: Uint8Array): AzureReport {
  if (bytes.length > MAX_BYTES)
    throw new AnswerableError('too-large', `Azure report: over ${MAX_BYTES} bytes`)
  if (bytes.length < RUNTIME_AT + RUNTIME_HEADER_BYTES)
    throw new AnswerableError('truncated', 'Azure report: it ends in its headers')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (at: number) => view.getUint32(at, true)
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== AZURE_MAGIC) bad('it does not begin with HCLA')
  const version = word(4)
  if (version !== 2)
    throw new AnswerableError('unknown-version', `Azure report: version ${version} is not known here`)
  const size = word(RUNTIME_AT + 16)
  const end = RUNTIME_AT + RUNTIME_HEADER_BYTES + size
  if (bytes.length < end)
    throw new AnswerableError(
      'truncated',
      `Azure report: ${end - bytes.length} bytes of runtime data missing`,
    )
  // Nobody signs the headers; that they agree with all else leaves nothing in them to alter.
  const runtimeVersion = word(RUNTIME_AT + 4)
  if (runtimeVersion !== 1)
    throw new AnswerableError(
      'unknown-version',
      `Azure report: runtime data of version ${runtimeVersion} are not known here`,
    )
  if (word(RUNTIME_AT + 8) !== 2) bad('it is not of a SEV-SNP machine')
  if (word(RUNTIME_AT + 12) !== 1)
    throw new AnswerableError('unknown-algorithm', 'Azure report: runtime data not hashed with SHA-256')
  if (word(8) !== end || word(RUNTIME_AT) !== end - RUNTIME_AT) bad('its lengths do not agree')
  if (word(12) !== 2) bad('it answers another sort of request')
  if (bytes.subarray(16, HEADER_BYTES).some(byte => byte !== 0)) bad('reserved bytes are not zero')
  // The NV index is longer than what is in it.
  if (bytes.subarray(end).some(byte => byte !== 0))
    throw new AnswerableError('trailing-bytes', 'Azure report: something follows the runtime data')
  const runtime = bytes.subarray(RUNTIME_AT + RUNTIME_HEADER_BYTES, end)
  return {
    report: parseSnpReport(bytes.subarray(HEADER_BYTES, RUNTIME_AT)),
    runtime,
    ...runtimeData(runtime),
  }
}

function runtimeData(runtime: Uint8Array): Pick<AzureReport, 'userData' | 'akModulus' | 'configuration'> {
  const root = shape.object(readJson(runtime), 'runtime data')
  const keys = shape
    .array(root.keys, 'keys', MOST_KEYS)
    .map((one, i) => shape.object(one, `keys[${i}]`))
    .filter(({ kid }) => kid === 'HCLAkPub')
  if (keys.length !== 1) shape.fail('keys', 'one key named HCLAkPub')
  const [key] = keys as [JsonObject]
  shape.literal(key.kty, 'HCLAkPub.kty', ['RSA'])
  const modulus = shape.string(key.n, 'HCLAkPub.n', 1024)
  const text = root['user-data'] === undefined ? '' : shape.string(root['user-data'], 'user-data', 128)
  const userData = decoded('user-data', () => fromHex(text.toLowerCase()))
  if (userData.length !== 0 && userData.length !== USER_DATA_BYTES)
    shape.fail('user-data', `${USER_DATA_BYTES} bytes in hex`)
  return {
    akModulus: toHex(decoded('HCLAkPub.n', () => fromBase64Url(modulus))),
    configuration: configurationOf(shape.object(root['vm-configuration'], 'vm-configuration')),
    ...(userData.length > 0 && { userData }),
  }
}

/** What is said of the machine, short and plain; the rest is left out. */
function configurationOf(fields: JsonObject): JsonObject {
  const known: JsonObject = {}
  for (const name of ['console-enabled', 'secure-boot', 'tpm-enabled', 'tpm-persisted', 'vmUniqueId']) {
    const value = fields[name]
    if (typeof value === 'boolean') known[name.toLowerCase()] = value
    else if (typeof value === 'string' && /^[ -~]{0,64}$/.test(value)) known[name.toLowerCase()] = value
  }
  return known
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(fromUtf8(bytes), { maxBytes: MAX_BYTES, maxDepth: 8, maxKeys: 256 })
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'too-deep' || code === 'duplicate-key') throw cause
    throw new AnswerableError('bad-evidence', `Azure report: ${(cause as Error).message}`, { cause })
  }
}

function decoded(where: string, read: () => Uint8Array): Uint8Array {
  try {
    return read()
  } catch (cause) {
    throw new AnswerableError('bad-evidence', `${where}: ${(cause as Error).message}`, { cause })
  }
}

function bad(what: string): never {
  throw new AnswerableError('bad-evidence', `Azure report: ${what}`)
}

export const azureSevSnp: EvidenceFormat<AzureReport> = {
  format: 'azure-sev-snp',
  parse: parseAzureReport,
  check(parsed, context) {
    const { report, runtime, userData, akModulus, configuration } = parsed
    // What runs above the paravisor could ask at a level of its own, for report data of its own choice.
    const { checks, measurements, facts, ...rest } = judgeReport(report, context, PARAVISOR_VMPL)
    const digest = report.reportData.subarray(0, 32)
    const signsRuntime =
      equal(digest, context.suite.sha256(runtime)) && report.reportData.subarray(32).every(byte => byte === 0)
    return {
      ...rest,
      format: 'azure-sev-snp',
      platform: `${rest.platform}, Azure’s paravisor`,
      measurements,
      facts: {
        ...facts,
        'vm-configuration': configuration,
        'ak-sha256': context.suite.sha256Hex(fromHex(akModulus)),
      },
      // Its signature is over the runtime data by their digest.
      checks: signsRuntime
        ? checks
        : [
            ...checks.filter(({ check: name }) => name !== 'signature'),
            check('signature', 'fail', 'bad-signature', 'the report is not over these runtime data'),
          ],
      ...(userData && { reportData: userData }),
    }
  },
}
