/** What a reference value must name, so that it is of one image and not of every machine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMATS } from './format.ts'
import { evidencePolicyOf } from './policy.ts'
import { parseReferenceValue } from './reference.ts'

const ONE = 'ab'.repeat(48)
const ZERO = '00'.repeat(48)
const value = (format: string, measurements: Record<string, string>) => ({
  format,
  measurements,
  image: 'i',
  role: 'gateway',
})

test('what every machine has names no image', () => {
  const refused: [string, Record<string, string>][] = [
    ['sev-snp', { vmpl: '00000000' }],
    ['sev-snp', { policy: '0000000000030000', family_id: ONE }],
    ['sev-snp', { measurement: ZERO }],
    ['azure-sev-snp', { measurement: ONE }],
    ['nitro', { pcr3: ONE }],
    ['nitro', { pcr1: ONE }],
    ['nitro', { pcr0: ZERO, pcr8: ONE }],
    ['tdx', { rtmr3: ZERO }],
    ['tdx', { mrseam: ONE }],
    // Firmware that a cloud gives to everybody; and registers that any other firmware can fill as it likes.
    ['tdx', { mrtd: ONE }],
    ['tdx', { mrtd: ONE, rtmr0: ONE, rtmr3: ZERO }],
    ['tdx', { rtmr0: ONE, rtmr1: ONE, rtmr2: ONE, rtmr3: ONE }],
    ['sgx', { mrsigner: ONE, isvprodid: '1' }],
    ['confidential-space', { image_id: `sha256:${'0'.repeat(64)}` }],
    ['maa', { issuer: 'https://a.attest.azure.net' }],
    ['maa', { 'x-ms-sevsnpvm-launchmeasurement': ONE }],
    ['nvidia-gpu', { measurement1: ZERO }],
    ['nras', { __proto__: null, hwmodel: '' } as never],
  ]
  for (const [format, measurements] of refused) {
    const what = value(format, measurements)
    assert.throws(() => parseReferenceValue(what, 'reference'), {
      code: 'bad-policy',
      message: /measurements: /,
    })
    assert.throws(() => evidencePolicyOf({ references: [what] }), { code: 'bad-policy' })
  }
})

test('what names an image is taken, with more beside it or not', () => {
  const taken: Record<string, Record<string, string>> = {
    'sev-snp': { measurement: ONE, vmpl: '00000000', host_data: ZERO },
    nitro: { pcr1: ONE, pcr2: ONE },
    tdx: { mrtd: ONE, rtmr3: ONE },
    sgx: { mrenclave: ONE },
    'confidential-space': { image_digest: `sha256:${'1'.repeat(64)}` },
    maa: { issuer: 'https://a.attest.azure.net', tdx_mrtd: ONE, tdx_rtmr2: ONE },
    'nvidia-gpu': { measurement1: ONE },
    'nvidia-switch': { measurement9: ONE },
    nras: { 'x-nvidia-gpu-driver-version': '1' },
  }
  for (const [format, measurements] of Object.entries(taken))
    assert.deepEqual(parseReferenceValue(value(format, measurements), 'reference').measurements, measurements)
  assert.deepEqual([...Object.keys(taken), 'azure-sev-snp'].sort(), [...FORMATS].sort())
})
