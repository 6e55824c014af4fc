import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped } from '../../test/fixture.ts'
import { Chip } from '../../test/snp.ts'
import { makeCertificate, toPem } from '../../test/x509.ts'
import { concat, fromHex, toBase64, toBase64Url, toHex, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type FoundEvidence, MOST_LAYERS, readEvidence } from './detect.ts'
import { formatEvidenceDocument } from './document.ts'
import { formatEndorsements } from './endorsements.ts'
import { FORMATS } from './format.ts'
import type { AnyFormat } from './formats.ts'

const VECTORS = new URL('../../../../../shared/vectors/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'

/** Verifiers that take whatever they are given, but switches, which are no GPUs: what is tested is who is asked. */
const ANY: AnyFormat[] = FORMATS.map(format => ({
  format,
  parse: (bytes: Uint8Array) => {
    if (format === 'nvidia-gpu' && toHex(bytes).includes('beef'))
      throw new AnswerableError('bad-evidence', 'of a switch')
    return bytes
  },
  check: () => assert.fail('nothing is appraised here'),
}))

const read = (bytes: Uint8Array | string) =>
  readEvidence(typeof bytes === 'string' ? utf8(bytes) : bytes, ANY).found
const told = (found: readonly FoundEvidence[]) =>
  found.map(({ format, wrapped, endorsements }) =>
    [format, ...wrapped, ...(endorsements.length > 0 ? [endorsements.length] : [])].join(' '),
  )

const chip = new Chip()
const report = chip.report()
const quote = (version: number, tee: number, length = 700) => {
  const bytes = new Uint8Array(length)
  bytes.set([version, 0, 2, 0, tee])
  bytes.set(fromHex('939a7233f79c4ca9940a0db3957f0607'), 12)
  return bytes
}
const tdx = quote(4, 0x81)
const nitro = concat(fromHex('8444a1013822'), new Uint8Array(500))
const device = concat(fromHex('11e001ff'), new Uint8Array(33), fromHex('1160'), new Uint8Array(60))
const switched = concat(device, fromHex('beef'))
const scale = (kind: number, inner: Uint8Array) => {
  const compact = new Uint8Array(2)
  new DataView(compact.buffer).setUint16(0, inner.length * 4 + 1, true)
  return concat(Uint8Array.of(0, kind), compact, inner, utf8('{"os_image_hash":"00"}'))
}
const pem = makeCertificate({ subject: 'device' }).pem
const jwt = (claims: Record<string, unknown>) =>
  [{ alg: 'RS256' }, claims, 'signature'].map(one => toBase64Url(utf8(JSON.stringify(one)))).join('.')
const nsm = concat(fromHex('a16b4174746573746174696f6ea168646f63756d656e745901fa'), nitro)
const sdk = (evidence: Uint8Array, more: Record<string, string> = { arch: 'HOPPER', nonce: '00' }) => ({
  evidence: toBase64(evidence),
  certificate: toBase64(utf8(pem + pem)),
  ...more,
})
const lines = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')

const FILES: Record<string, [file: Uint8Array | string, ...told: string[]]> = {
  'a Nitro document': [nitro, 'nitro'],
  'a tagged Nitro document': [concat(Uint8Array.of(0xd2), nitro), 'nitro'],
  'a response of the NSM': [nsm, 'nitro NSM response'],
  'dstack’s Nitro': [scale(2, nitro), 'nitro dstack attestation'],
  'dstack’s TDX': [scale(0, tdx), 'tdx dstack attestation'],
  'a TDX quote of version 4': [tdx, 'tdx'],
  'a TDX quote of version 5': [quote(5, 0x81), 'tdx'],
  'an SGX quote of version 3': [quote(3, 0), 'sgx'],
  'an SGX quote of version 4': [quote(4, 0), 'sgx'],
  'a SEV-SNP report': [report, 'sev-snp'],
  'an extended SEV-SNP report': [chip.extendedReport(), 'sev-snp extended report 3'],
  'an Azure report': [chip.azureReport(), 'azure-sev-snp'],
  'a GPU’s report': [device, 'nvidia-gpu'],
  'a switch’s report': [switched, 'nvidia-switch'],
  'in base64': [toBase64(report), 'sev-snp base64'],
  'in base64 on lines': [`${lines(toBase64(report), 64)}\n`, 'sev-snp base64'],
  'in base64 without padding': [toBase64(tdx).replace(/=+$/, ''), 'tdx base64'],
  'in base64url': [toBase64Url(concat(tdx, utf8('~~~'))), 'tdx base64url'],
  'in hex': [toHex(report), 'sev-snp hex'],
  'in hex after 0x': [`0x${toHex(tdx).toUpperCase()}\n`, 'tdx hex'],
  'in hex on lines': [lines(toHex(device), 60), 'nvidia-gpu hex'],
  'in base64 of base64 of hex': [toBase64(utf8(toBase64(utf8(toHex(report))))), 'sev-snp base64 base64 hex'],
  'in PEM with its certificates': [`${toPem('ATTESTATION REPORT', report)}${pem}${pem}`, 'sev-snp PEM 2'],
  'NVIDIA’s JSON': [JSON.stringify([sdk(device)]), 'nvidia-gpu JSON'],
  'NVIDIA’s JSON of several': [
    JSON.stringify([sdk(device), sdk(device)]),
    'nvidia-gpu JSON',
    'nvidia-gpu JSON',
  ],
  'NVIDIA’s JSON of one': [JSON.stringify(sdk(device)), 'nvidia-gpu JSON'],
  'NVIDIA’s JSON without nonce': [JSON.stringify([sdk(switched, {})]), 'nvidia-switch JSON 2'],
  'what NRAS is asked with': [
    JSON.stringify({ nonce: '00', arch: 'hopper', evidence_list: [sdk(device, {})] }),
    'nvidia-gpu JSON',
  ],
  'a gateway’s answer': [
    JSON.stringify({
      signing_address: '0x00',
      intel_quote: toHex(tdx),
      nvidia_payload: JSON.stringify({ nonce: '00', arch: 'HOPPER', evidence_list: [sdk(device, {})] }),
    }),
    'tdx JSON hex',
    'nvidia-gpu JSON JSON',
  ],
  'a quote in JSON': [JSON.stringify({ quote: toBase64(tdx), event_log: [] }), 'tdx JSON base64'],
  'Confidential Space': [
    `${jwt({ iss: 'https://confidentialcomputing.googleapis.com' })}\n`,
    'confidential-space',
  ],
  MAA: [jwt({ iss: 'https://sharedeus.eus.attest.azure.net', 'x-ms-ver': '1.0' }), 'maa'],
  'MAA in JSON': [JSON.stringify({ token: jwt({ iss: 'https://x.attest.azure.net' }) }), 'maa JSON'],
  NRAS: [jwt({ iss: 'https://nras.attestation.nvidia.com' }), 'nras'],
  'NRAS with its devices': [JSON.stringify([['JWT', jwt({ iss: 'nras' })], { 'GPU-0': 'x.y.z' }]), 'nras'],
  'a document of ours': [
    formatEvidenceDocument({
      log: 'log',
      items: [
        { format: 'tdx', bytes: tdx },
        { format: 'nvidia-gpu', bytes: device },
      ],
    }),
    'tdx evidence document',
    'nvidia-gpu evidence document',
  ],
}

for (const [name, [file, ...expected]] of Object.entries(FILES))
  test(`told apart: ${name}`, () => assert.deepEqual(told(read(file)), expected))

test('what the parser took are the exact bytes of the document', () => {
  assert.deepEqual(read(toBase64(report))[0]!.bytes, report)
  const extended = chip.extendedReport()
  assert.deepEqual(read(extended)[0]!.bytes, extended.subarray(0, 1184))
  assert.deepEqual(read(nsm)[0]!.bytes, nitro)
  assert.deepEqual(read(scale(0, tdx))[0]!.bytes, tdx)
  const { document } = readEvidence(FILES['a document of ours']![0] as Uint8Array, ANY)
  assert.equal(document?.log, 'log')
  assert.equal(readEvidence(report).document, undefined)
})

const wrappedTimes = (times: number) => {
  let file = toHex(report.subarray(0))
  for (let i = 1; i < times; i++) file = toBase64(utf8(file))
  return file
}

const REFUSED: Record<string, [file: Uint8Array | string, code: string]> = {
  nothing: ['', 'unknown-format'],
  'white space': [' \n', 'unknown-format'],
  'bytes of nothing known': [Uint8Array.of(0x81, 2, 3, 0xff), 'unknown-format'],
  prose: ['It ran in an enclave, honestly.', 'unknown-format'],
  'a certificate in PEM': [pem, 'unknown-format'],
  'a certificate in DER': [makeCertificate({ subject: 'x' }).der, 'unknown-format'],
  'JSON of something else': ['{"a":1}', 'unknown-format'],
  'an empty list': ['[]', 'unknown-format'],
  'a list of numbers': ['[1]', 'unknown-format'],
  endorsements: [formatEndorsements([]), 'unknown-format'],
  'Intel’s collateral': ['{"tcb_info":"{}","qe_identity":"{}"}', 'unknown-format'],
  'JSON with a member twice': ['{"quote":"","quote":""}', 'duplicate-key'],
  'JSON cut off': ['{"quote":', 'bad-json'],
  'hex that is no evidence': ['00ff00ff', 'unknown-format'],
  'base64 with stray bits': ['AB==', 'bad-encoding'],
  'over 512 KiB': [new Uint8Array(512 * 1024 + 1), 'too-large'],
  'more layers than anybody wraps': [wrappedTimes(MOST_LAYERS + 1), 'too-deep'],
  'more devices than a machine has': [JSON.stringify(Array(17).fill(sdk(device))), 'too-large'],
  'PEM without its end': ['-----BEGIN X-----\nAAAA\n', 'truncated'],
  'a report cut off': [report.subarray(0, 1000), 'unknown-format'],
  'an extended report cut off': [chip.extendedReport().subarray(0, 1200), 'truncated'],
}

for (const [name, [file, code]] of Object.entries(REFUSED))
  test(`not told: ${name}`, () => {
    assert.throws(
      () => read(file),
      error => {
        assert.ok(error instanceof AnswerableError)
        assert.equal(error.code, code)
        if (code === 'unknown-format') assert.match(error.message, /looked for a document of AWS Nitro/)
        return true
      },
    )
  })

test('as many layers as are taken off', () => {
  assert.equal(read(wrappedTimes(MOST_LAYERS))[0]!.wrapped.length, MOST_LAYERS)
})

test('a format without a verifier is named', () => {
  assert.throws(
    () => readEvidence(tdx, []),
    error => error instanceof AnswerableError && /no verifier for tdx/.test(error.message),
  )
})

test('whatever a file holds, what comes is evidence or an error with its code', () => {
  const seeds = Object.values(FILES).map(([file]) => (typeof file === 'string' ? utf8(file) : file))
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.string({ maxLength: 200 }).map(utf8),
    fc
      .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(255))
      .map(([file, at, mask]) => flipped(file, at % file.length, mask)),
    fc.tuple(fc.constantFrom(...seeds), fc.nat()).map(([file, to]) => file.subarray(0, to % file.length)),
  )
  fc.assert(
    fc.property(hostile, file => {
      try {
        assert.ok(readEvidence(file).found.length > 0)
      } catch (error) {
        assert.ok(error instanceof AnswerableError, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

const REAL: Record<string, string> = {
  'nitro/evervault_valid-attestation-doc-bytes.cbor': 'nitro',
  'nitro/evervault_valid-attestation-doc-base64.txt': 'nitro base64',
  'nitro/dstack_dstack-attest_tests_nitro_attestation.bin': 'nitro dstack attestation',
  'nitro/dstack_dstack-attest_tests_nitro_attestation_dbg.bin': 'nitro dstack attestation',
  'tdx/phala_tdx_quote': 'tdx',
  'tdx/phala_sgx_quote': 'sgx',
  'tdx/phala_tdx-quote.hex': 'tdx hex',
  'tdx/gotdxguest_tdx_prod_quote_SPR_E4.dat': 'tdx',
  'tdx/gotdxguest_cos-113-tdx-quote.dat': 'tdx',
  'sev-snp/gosevguest_attestation.bin': 'sev-snp',
  'sev-snp/trustee_test-report.bin': 'sev-snp',
  'sev-snp/trustee_test-vlek-report.bin': 'sev-snp',
  'nvidia/nvsdk_hopperAttestationReport.txt': 'nvidia-gpu hex',
  'nvidia/nvsdk_hopper_evidence.json': 'nvidia-gpu JSON',
  'nvidia/nvsdk_hopper_evidence_cert_hold.json': 'nvidia-gpu JSON',
  'jwt/oak_valid.jwt': 'confidential-space',
  'jwt/oak_invalid_signature.jwt': 'confidential-space',
}

for (const [name, expected] of Object.entries(REAL))
  test(`told apart: ${name}`, { skip }, () => {
    assert.deepEqual(told(read(new Uint8Array(readFileSync(new URL(name, VECTORS))))), [expected])
  })
