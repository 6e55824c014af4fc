import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { evidenceBinding, formatEndorsements, formatEvidenceDocument } from '@answerable/core/evidence'
import { nodeSuite } from '@answerable/node/log'
import { Chip, type ReportOptions } from '../../../core/test/snp.ts'
import { answerable, checkOutput, finished, start, temporaryFolder } from '../cli.fixture.ts'
import { run } from './evidence-check.ts'

const folder = temporaryFolder()
const home = temporaryFolder()
const AT = ['--as-of', '2026-06-15T00:00:00Z']

function save(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const chip = new Chip()
const archive = save('archive.json', formatEndorsements(chip.endorsements))
const pems = save('chain.pem', [chip.key, chip.ask, chip.ark].map(({ pem }) => pem).join(''))
const policy = save('policy.json', JSON.stringify({ roots: { amd: [chip.ark.fingerprint] } }))
const report = save('report.bin', chip.report())
const trusting = [...AT, '--policy', policy]

/** What the command prints, and its status; in this process, which is faster than one of its own. */
async function inProcess(args: string[]): Promise<{ status: number; out: string }> {
  let out = ''
  const write = process.stdout.write.bind(process.stdout)
  // Text is the command's; what the test runner says of tests are bytes.
  const writing = mock.method(process.stdout, 'write', (chunk: string | Uint8Array) => {
    if (typeof chunk !== 'string') return write(chunk)
    out += chunk
    return true
  })
  try {
    return { status: await run(args), out }
  } finally {
    writing.mock.restore()
    checkOutput(out)
  }
}

test('good evidence: exit 0; platform, measurements, checks, times, what is not shown, verdict', async () => {
  const { status, out, err } = await answerable(
    ['evidence', 'check', report, '--collateral', archive, ...trusting],
    { home },
  )
  assert.equal(status, 0, err)
  assert.match(out, /^AMD SEV-SNP \(Milan\)$/m)
  assert.match(out, /^ {2}format {7}sev-snp$/m)
  assert.match(out, /^ {2}valid {8}from 2026-01-01 00:00:00 UTC until 2027-01-01 00:00:00 UTC, all/m)
  assert.match(out, /^ {2}measurement:\n {4}(22){48}$/m)
  assert.match(out, /^ {2}signature +pass +signed\n {4}the key in the certificate \(VCEK\) signed it$/m)
  assert.match(out, /^ {2}revocation +not checked +no-revocation-answer$/m)
  assert.match(out, /^Not shown: anything of any answer/m)
  assert.match(out.replace(/\s+/g, ' '), /Policy met: \S*policy\.json, as of 2026-06-15 00:00:00 UTC\.( |$)/)
})

const chipOf = (options: ReportOptions, name: string) => save(name, chip.report(options))
const FAULTS: [name: string, args: () => string[], status: number, words: RegExp][] = [
  ['without certificates', () => [report, ...trusting], 1, /signature is required, and was not checked/],
  ['another root', () => [report, '--collateral', pems, ...AT], 1, /chain +FAIL +root-not-trusted/],
  [
    'another time',
    () => [report, '--collateral', pems, '--policy', policy, '--as-of', '2027-02-01'],
    1,
    /validity +FAIL +certificate-expired/,
  ],
  [
    'debug mode',
    () => [chipOf({ policy: 0xb0000n }, 'debug'), '--collateral', pems, ...trusting],
    1,
    /debug +FAIL +debug-mode/,
  ],
  [
    'the report data that it should have',
    () => [report, '--collateral', pems, ...trusting, '--report-data', '11'.repeat(64)],
    0,
    /binding +pass +bound/,
  ],
  [
    'other report data',
    () => [report, '--collateral', pems, ...trusting, '--report-data', 'AB'.repeat(32)],
    1,
    /binding +FAIL +wrong-binding/,
  ],
  [
    'a nonce that it has not',
    () => [report, '--collateral', pems, ...trusting, '--nonce', '00'],
    1,
    /nonce +FAIL +wrong-nonce/,
  ],
  [
    'in base64, with the certificates that its host laid by',
    () => [save('extended.txt', Buffer.from(chip.extendedReport()).toString('base64')), ...trusting],
    0,
    /extended\.txt,? *\n? *base64, extended report\n {2}format +sev-snp\n {2}with +3 certificates/,
  ],
  [
    'Azure’s',
    () => [save('azure.bin', chip.azureReport()), '--collateral', archive, ...trusting],
    0,
    /Not shown: what runs above Azure’s paravisor/,
  ],
  [
    'two files, one of them good',
    () => [report, chipOf({ policy: 0xb0000n }, 'debug2'), '--collateral', archive, ...trusting],
    1,
    /debug2: debug fails: debug-mode/,
  ],
]

for (const [name, args, status, words] of FAULTS)
  test(`${name}: exit ${status}`, async () => {
    const ran = await inProcess(args())
    assert.match(ran.out, words)
    assert.equal(ran.status, status)
    assert.match(ran.out, status === 0 ? /^Policy met/m : /^Policy not met/m)
  })

test('a document of ours: machine and binding to the log that it names', async () => {
  const log = 'log.example+00000000+AAAA'
  const make = (reportData: Uint8Array) =>
    formatEvidenceDocument({ log, items: [{ format: 'sev-snp', bytes: chip.report({ reportData }) }] })
  const bound = new Uint8Array(64)
  bound.set(evidenceBinding(log, [], nodeSuite))
  const good = await inProcess([save('good.json', make(bound)), '--collateral', archive, ...trusting])
  assert.equal(good.status, 0, good.out)
  assert.match(good.out, /^ {2}log {10}log\.example\+00000000\+AAAA$/m)
  assert.match(good.out, /^ {2}binding +pass +bound$/m)
  assert.match(good.out, /^ {2}devices +not checked +no-devices$/m)
  const other = await inProcess([
    save('o.json', make(new Uint8Array(64))),
    '--collateral',
    archive,
    ...trusting,
  ])
  assert.equal(other.status, 1)
  assert.match(other.out, /the machine: binding fails: wrong-binding/)
})

test('--json is one object, of a stable shape', async () => {
  const { status, out } = await inProcess([report, '--collateral', archive, ...trusting, '--json'])
  const result = JSON.parse(out)
  assert.equal(status, 0)
  assert.deepEqual(Object.keys(result), ['asOf', 'policy', 'verdict', 'files'])
  assert.deepEqual(result.verdict, { met: true, unmet: [] })
  assert.equal(result.asOf, '2026-06-15T00:00:00.000Z')
  const [evidence] = result.files[0].evidence
  assert.deepEqual(Object.keys(evidence), [
    'format',
    'platform',
    'sha256',
    'wrapped',
    'certificates',
    'time',
    'window',
    'measurements',
    'reportData',
    'nonce',
    'facts',
    'checks',
    'reference',
    'verdict',
  ])
  assert.deepEqual(evidence.window, { from: '2026-01-01T00:00:00.000Z', until: '2027-01-01T00:00:00.999Z' })
  assert.deepEqual(evidence.checks[0], {
    check: 'signature',
    outcome: 'pass',
    reason: 'signed',
    detail: 'the key in the certificate (VCEK) signed it',
  })
  const bare = JSON.parse((await inProcess([report, ...AT, '--json'])).out)
  assert.deepEqual(bare.files[0].evidence[0].window, { from: null, until: null })
})

test('standard input, once', async () => {
  const { status } = await answerable(['evidence', 'check', '-', '--collateral', archive, ...trusting], {
    home,
    input: chip.report(),
  })
  assert.equal(status, 0)
  const twice = await answerable(['evidence', 'check', '-', '--collateral', '-'], { home })
  assert.equal(twice.status, 2)
})

const UNUSABLE: [name: string, args: string[], words: RegExp][] = [
  ['no file', [], /FILE is missing/],
  ['a file that is not there', [join(folder, 'none')], /no such file/],
  ['no evidence', [save('prose', 'Trust me.')], /prose: evidence: .*looked for.*\(unknown-format\)/],
  ['collateral in its place', [pems], /\(unknown-format\)/],
  [
    'a version not known',
    [chipOf({ patch: { at: 0, bytes: Uint8Array.of(4) } }, 'v4')],
    /\(unknown-version\)/,
  ],
  ['too large', [save('large', new Uint8Array(600 * 1024))], /\(too-large\)/],
  [
    'a policy that is none',
    [report, '--policy', save('p.json', '{"roots":{"amd":["x"]}}')],
    /\(bad-policy\)/,
  ],
  ['collateral that is none', [report, '--collateral', save('c', 'x')], /\(unknown-format\)/],
  ['report data not hex', [report, '--report-data', 'xyz'], /--report-data: expected hex/],
  ['report data too long', [report, '--report-data', '00'.repeat(65)], /--report-data: expected hex/],
  ['a time that is none', [report, '--as-of', 'yesterday'], /--as-of: expected a day/],
]

for (const [name, args, words] of UNUSABLE)
  test(`unusable: ${name}`, async () => {
    await assert.rejects(inProcess(args), error => {
      assert.match(`${(error as Error).message} (${(error as { code: string }).code})`, words)
      return true
    })
  })

test('in colour: a fail stands out, and nothing is greener than a pass', async () => {
  const { status, out } = await finished(
    start(['evidence', 'check', chipOf({ policy: 0xb0000n }, 'd3'), '--collateral', archive, ...trusting], {
      home,
      environment: { FORCE_COLOR: '1' },
    }),
  )
  assert.equal(status, 1)
  assert.ok(out.includes('\u001b[32mpass\u001b[39m'))
  assert.ok(out.includes('\u001b[31m\u001b[1mFAIL'))
})

const VECTORS = new URL('../../../../../shared/vectors/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const at = (path: string) => new URL(path, VECTORS).pathname
const WITH = (path: string) => ['--collateral', at(path)]
const SNP = (leaf: string, chain: string) => [
  ...WITH(`sev-snp/${leaf}`),
  ...WITH(`sev-snp/gosevguest_ask_ark_${chain}.pem`),
]

/** Each document of the table: as of when, with what, to which end, and why. */
const REAL: [file: string, args: string[], status: number, words: RegExp][] = [
  ['nitro/evervault_valid-attestation-doc-bytes.cbor', ['--as-of', '2022-10-13T08:58:02Z'], 0, /debug +pass/],
  ['nitro/evervault_valid-attestation-doc-bytes.cbor', [], 1, /validity fails: certificate-expired/],
  [
    'nitro/evervault_valid-attestation-doc-base64.txt',
    ['--as-of', '2023-09-18T15:03:30Z'],
    1,
    /signature +pass[\s\S]*debug fails: debug-mode/,
  ],
  [
    'nitro/dstack_dstack-attest_tests_nitro_attestation.bin',
    ['--as-of', '2025-12-25T16:04:19Z'],
    0,
    /dstack attestation/,
  ],
  [
    'nitro/dstack_dstack-attest_tests_nitro_attestation_dbg.bin',
    ['--as-of', '2025-12-25T08:20:46Z'],
    1,
    /signature +pass[\s\S]*debug fails: debug-mode/,
  ],
  [
    'sev-snp/trustee_test-report.bin',
    [...SNP('trustee_test-vcek.der', 'milan'), '--as-of', '2026-01-01'],
    0,
    /platform +pass/,
  ],
  [
    'sev-snp/gosevguest_attestation.bin',
    [...SNP('gosevguest_vcek.testcer', 'milan'), '--as-of', '2026-01-01'],
    1,
    /signature +pass[\s\S]*- debug fails: debug-mode\n$/,
  ],
  [
    'sev-snp/trustee_test-vlek-report.bin',
    [...SNP('trustee_test-vlek.der', 'milan_vlek'), '--as-of', '2025-06-01'],
    0,
    /cloud: CN=cc-us-east-2\.amazonaws\.com/,
  ],
  [
    'sev-snp/trustee_test-vlek-report.bin',
    [...SNP('trustee_test-vlek.der', 'milan_vlek'), '--as-of', '2026-06-01'],
    1,
    /validity fails: certificate-expired/,
  ],
  [
    'sev-snp/trustee_test-report.bin',
    [...SNP('trustee_test-vcek-invalid-new.der', 'milan'), '--as-of', '2026-01-01'],
    1,
    /chain fails: bad-certificate-signature/,
  ],
  [
    'tdx/phala_tdx_quote',
    [...WITH('tdx/phala_tdx_quote_collateral.json'), '--as-of', '2025-07-01'],
    0,
    /platform +pass +platform-accepted/,
  ],
  [
    'tdx/phala_tdx_quote',
    WITH('tdx/phala_tdx_quote_collateral.json'),
    1,
    /validity fails: endorsement-expired/,
  ],
  [
    'tdx/phala_sgx_quote',
    [...WITH('tdx/phala_sgx_quote_collateral.json'), '--as-of', '2025-07-01'],
    1,
    /signature +pass[\s\S]*platform fails: platform-needs-configuration/,
  ],
  [
    'tdx/phala_sgx_quote',
    [
      ...WITH('tdx/phala_sgx_quote_collateral.json'),
      '--policy',
      save('sgx.json', '{"tcb":{"sgx":["ConfigurationAndSWHardeningNeeded"]}}'),
      '--as-of',
      '2025-07-01',
    ],
    0,
    /platform +pass +platform-accepted/,
  ],
  ['tdx/phala_tdx-quote.hex', ['--as-of', '2025-07-01'], 1, /platform is required, and was not checked/],
  [
    'tdx/gotdxguest_tdx_prod_quote_SPR_E4.dat',
    [...WITH('tdx/derived_gotdxguest_SPR_E4_collateral.json'), '--as-of', '2023-06-30'],
    1,
    /platform fails: no-matching-tcb-level/,
  ],
  ['tdx/gotdxguest_cos-113-tdx-quote.dat', [], 1, /platform is required, and was not checked/],
  [
    'nvidia/nvsdk_hopperAttestationReport.txt',
    WITH('nvidia/nvsdk_hopperCertChain.txt'),
    1,
    /signature +pass[\s\S]*chain +pass[\s\S]*device-alone[\s\S]*revocation is required/,
  ],
  [
    'nvidia/nvsdk_switchAttestationReport.txt',
    WITH('nvidia/nvsdk_switchCertChain.txt'),
    1,
    /format +nvidia-switch[\s\S]*signature +pass[\s\S]*chain +pass/,
  ],
  ['nvidia/nvsdk_hopper_evidence.json', [], 1, /signature +pass[\s\S]*chain +pass/],
  [
    'nvidia/nvsdk_hopper_evidence_cert_hold.json',
    [],
    1,
    /signature +pass[\s\S]*revocation is required, and was not checked/,
  ],
  [
    'nvidia/nvsdk_hopperAttestationReportInvalidSignature.txt',
    WITH('nvidia/nvsdk_hopperCertChain.txt'),
    1,
    /signature fails: bad-signature/,
  ],
  [
    'jwt/oak_valid.jwt',
    ['--as-of', '2025-06-23T14:30:00Z'],
    1,
    /signature +pass[\s\S]*chain +pass[\s\S]*validity +pass[\s\S]*- debug fails: debug-mode\n$/,
  ],
  ['jwt/oak_valid.jwt', [], 1, /validity fails: (token|certificate)-expired/],
  [
    'jwt/oak_invalid_signature.jwt',
    ['--as-of', '2025-06-23T14:30:00Z'],
    1,
    /- signature fails: bad-signature/,
  ],
]

for (const [file, args, status, words] of REAL)
  test(`${file} ${args.at(-1) ?? 'now'}: exit ${status}`, { skip }, async () => {
    const ran = await inProcess([at(file), ...args])
    assert.match(ran.out, words)
    assert.equal(ran.status, status)
    if (status === 0) assert.match(ran.out, /^Policy met: /m)
  })
