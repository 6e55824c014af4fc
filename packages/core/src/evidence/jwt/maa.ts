/**
 * Microsoft Azure Attestation ("Azure Attestation claim sets", "EAT profile for Intel TDX"): its word on evidence of a virtual
 * machine or an enclave. For a confidential machine of Azure the hardware's claims are within `x-ms-isolation-tee`, and what
 * the workload had signed along is the nonce that it sent as client payload; elsewhere it is the hardware's report data.
 *
 * Whoever asks Azure chooses the provider (`iss`) and its policy, so both are measurements that a reference can name. The key
 * set is archived with the evidence, and counts where its SHA-256 is among the reader's roots for the service. No token is
 * published together with its keys: this is tested on tokens made in tests, by the documents.
 */
import { fromBase64, fromHex, fromUtf8 } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import { type Check, check } from '../check.ts'
import type { EvidenceFormat, Findings } from '../format.ts'
import { boundBytes, facts, hexClaim, objectClaim, textClaim } from './claims.ts'
import { type Jws, parseJws } from './jws.ts'
import { believeByKeySet, readTimes, type TokenTimes } from './trust.ts'

const TEES = ['sevsnpvm', 'tdxvm', 'sgx'] as const
type Tee = (typeof TEES)[number]

export interface MaaToken {
  token: Jws
  times: TokenTimes
  issuer: string
  tee: Tee
  /** The claims of the hardware. */
  hardware: JsonObject
  /** Whether they are within those of a machine of Azure. */
  azureMachine: boolean
}

const AZURE_MACHINE = 'azurevm'
const ISSUER = /^https:\/\/[a-z0-9.-]{1,200}\.attest\.azure\.(?:net|us|cn)\/?$/
const PLATFORMS: Record<Tee, string> = { sevsnpvm: 'AMD SEV-SNP', tdxvm: 'Intel TDX', sgx: 'Intel SGX' }
/** What Azure calls a machine whose firmware and configuration are its own: a VM, a container's utility VM, of AKS. */
const COMPLIANT = ['azure-compliant-cvm', 'azure-compliant-uvm', 'azure-signed-katacc-uvm']
const DEBUG: Record<Tee, readonly string[]> = {
  sevsnpvm: ['x-ms-sevsnpvm-is-debuggable'],
  tdxvm: ['tdx_td_attributes_debug'],
  sgx: ['x-ms-sgx-is-debuggable', 'is-debuggable'],
}
/** Ways into a machine of Azure besides the hardware's. */
const AZURE_DEBUG = [
  'x-ms-azurevm-bootdebug-enabled',
  'x-ms-azurevm-hypervisordebug-enabled',
  'x-ms-azurevm-kerneldebug-enabled',
]
const MEASURED: Record<Tee, readonly string[]> = {
  sevsnpvm: [
    'x-ms-sevsnpvm-launchmeasurement',
    'x-ms-sevsnpvm-hostdata',
    'x-ms-sevsnpvm-idkeydigest',
    'x-ms-sevsnpvm-authorkeydigest',
  ],
  tdxvm: [
    'tdx_mrtd',
    'tdx_rtmr0',
    'tdx_rtmr1',
    'tdx_rtmr2',
    'tdx_rtmr3',
    'tdx_mrconfigid',
    'tdx_mrowner',
    'tdx_mrownerconfig',
    'tdx_mrseam',
  ],
  sgx: ['x-ms-sgx-mrenclave', 'x-ms-sgx-mrsigner'],
}
const REPORT_DATA: Record<Tee, string> = {
  sevsnpvm: 'x-ms-sevsnpvm-reportdata',
  tdxvm: 'tdx_report_data',
  sgx: 'x-ms-sgx-report-data',
}
const shape = new Shape('bad-evidence')

export const maa: EvidenceFormat<MaaToken> = {
  format: 'maa',

  parse(bytes) {
    const token = parseJws(bytes, 'Azure')
    const { claims } = token
    const issuer = shape.string(claims.iss, 'Azure: iss', 256, ISSUER, 'a provider of Azure Attestation')
    const isolation = objectClaim(claims, 'x-ms-isolation-tee')
    // The service alone says of what it is; claims of that name within another's, a policy of the asker's could issue.
    if (isolation !== undefined)
      shape.literal(claims['x-ms-attestation-type'], 'Azure: x-ms-attestation-type', [AZURE_MACHINE])
    const hardware = isolation ?? claims
    const type = hardware['x-ms-attestation-type']
    if (!TEES.includes(type as Tee))
      throw new AnswerableError(
        'bad-evidence',
        `Azure: x-ms-attestation-type: expected one of ${TEES.join(', ')}`,
      )
    return {
      token,
      times: readTimes(claims, 'Azure'),
      issuer,
      tee: type as Tee,
      hardware,
      azureMachine: isolation !== undefined,
    }
  },

  check(parsed, context) {
    const { token, times, tee } = parsed
    const { checks, window } = believeByKeySet([{ name: 'the token', token, times }], 'maa', context)
    const findings: Findings = {
      format: 'maa',
      platform: `${PLATFORMS[tee]}, by Azure Attestation`,
      measurements: measurementsOf(parsed),
      facts: factsOf(parsed),
      checks: [...checks, platformCheck(parsed), debugCheck(parsed)],
      window,
      ...boundOf(parsed),
    }
    if (times.issued !== undefined) findings.time = times.issued
    return findings
  },
}

function measurementsOf({ token, issuer, tee, hardware }: MaaToken): Record<string, string> {
  const measurements: Record<string, string> = { issuer }
  const policy = textClaim(token.claims, 'x-ms-policy-hash')
  if (policy !== undefined) measurements['x-ms-policy-hash'] = policy
  for (const name of MEASURED[tee]) {
    const value = hexClaim(hardware, name)
    if (value !== undefined) measurements[name] = value
  }
  return measurements
}

function factsOf({ token, issuer, tee, hardware }: MaaToken): JsonObject {
  return facts({
    issuer,
    type: textClaim(token.claims, 'x-ms-attestation-type'),
    hardware: tee,
    compliance: textClaim(hardware, 'x-ms-compliance-status'),
    tcb: textClaim(hardware, 'attester_tcb_status'),
    machine: textClaim(token.claims, 'x-ms-azurevm-vmid'),
  })
}

/** Only what the service says outright counts as its acceptance; of enclaves it says nothing like that. */
function platformCheck({ tee, hardware }: MaaToken): Check {
  const status = hardware['x-ms-compliance-status']
  if (status === undefined && tee === 'sgx')
    return check(
      'platform',
      'not-checked',
      'no-platform-status',
      'the service does not say what it made of the platform',
    )
  return typeof status === 'string' && COMPLIANT.includes(status)
    ? check(
        'platform',
        'pass',
        'platform-accepted',
        'the service says that it complies with Azure’s baseline',
      )
    : check('platform', 'fail', 'rejected-by-service', 'the service does not say that it complies')
}

function debugCheck({ token, tee, hardware, azureMachine }: MaaToken): Check {
  const said = DEBUG[tee].map(name => hardware[name]).filter(one => one !== undefined)
  const around = azureMachine ? AZURE_DEBUG.map(name => token.claims[name]) : []
  // Whatever is there and is not false is as good as true.
  const open = [...said, ...around].some(one => one !== undefined && one !== false)
  if (open || hardware.dbgstat === 'enabled')
    return check('debug', 'fail', 'debug-mode', 'its owner or its host can look into it')
  return said.length > 0
    ? check('debug', 'pass', 'not-debug', 'the service says that it cannot be looked into')
    : check('debug', 'not-checked', 'debug-not-stated', 'the service says nothing of debugging')
}

function boundOf({ token, tee, hardware, azureMachine }: MaaToken): Pick<Findings, 'nonce' | 'reportData'> {
  if (!azureMachine) {
    const reportData = hexClaim(hardware, REPORT_DATA[tee])
    return reportData === undefined ? {} : { reportData: fromHex(reportData) }
  }
  const payload = objectClaim(objectClaim(token.claims, 'x-ms-runtime') ?? {}, 'client-payload')
  const text = payload?.nonce
  const bytes = typeof text === 'string' ? clientBytes(text) : undefined
  return bytes === undefined ? {} : { nonce: bytes, reportData: bytes }
}

/** Base64 of whatever the workload sent: its bytes, or those that it wrote in hex. */
function clientBytes(text: string): Uint8Array | undefined {
  let bytes: Uint8Array
  try {
    bytes = fromBase64(text)
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return undefined
  }
  if (bytes.length === 0 || bytes.length > 1024) return undefined
  try {
    return boundBytes(fromUtf8(bytes))
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return bytes
  }
}
