/** For each reason of a claim that rests on evidence, a way to come by it. */
import type { Basis, ClaimName, Reason, Result } from '../src/receipt/claims.ts'
import type { Trust } from '../src/receipt/trust.ts'
import type { Verification } from '../src/receipt/verify.ts'
import { type AttestedOptions, attested, IMAGE, LOG_VKEY, trusting } from './attested.ts'
import { check, world } from './checking.ts'
import { makeGpuEvidence } from './nvidia.ts'
import { Owner, RegistryWorld } from './registry.ts'
import { Chip } from './snp.ts'

const LATE = new Chip({ from: '2026-01-01T00:00:05Z' })
/** A GPU that was asked with the nonce of another node. */
const STRAY = {
  format: 'nvidia-gpu',
  bytes: makeGpuEvidence({ nonce: new Uint8Array(32).fill(7) }).document,
} as const

type Way = [ClaimName, Result, Basis | undefined, () => Verification]

const of = (options: AttestedOptions, trust: Trust = trusting()) => check(attested(options), {}, trust)
const manifest = 'cd'.repeat(32)
const signed = {
  manifest,
  file: 'm.onnx',
  signature: '00'.repeat(32),
  signer: { mode: 'key', key: '11'.repeat(32) },
}
const measured = (named: string) =>
  of(
    { record: { values: { model: { name: 'm', manifest: { sha256: '22'.repeat(32) }, signed } } } },
    trusting([{ ...IMAGE, weights: { manifest: named, by: 'dm-verity' } }]),
  )

/** An image that its author approved, and took back before the record. */
function takenBack(): Trust {
  const ada = new Owner('ada', ['validator', 'operator'])
  const cy = new Owner('cy', ['validator', 'publisher'])
  const bo = new Owner('bo')
  const registry = new RegistryWorld([ada, bo, cy], {}, 4)
  registry.tick(60, [ada, bo, cy])
  const node = {
    name: 'one',
    url: 'https://bo.example',
    descriptor: '11'.repeat(32),
    log: LOG_VKEY,
    models: [],
  }
  const { sign, key } = world.log.signer
  const keyid = Buffer.from(key.publicKey).toString('hex')
  registry.append(registry.entry('node', node, bo, bo.signer('member'), { keyid, sign }))
  registry.state_('reference-value', { reference: IMAGE as never }, cy)
  const { id } = [...registry.state.references.values()][0]!
  registry.state_('reference-revocation', { id, since: '2025-12-31T00:00:00.000Z', reason: 'it leaks' }, cy)
  return trusting(
    [],
    {},
    { networks: world.trust.networks.map(one => ({ ...one, registry: registry.state })) },
  )
}

export const EVIDENCE_WAYS = {
  'evidence-not-checked': [
    'place',
    'not-checked',
    undefined,
    () => of({ report: { patch: { at: 0, bytes: Uint8Array.of(99) } } }),
  ],
  'evidence-missing': ['place', 'not-checked', undefined, () => of({ brought: false })],
  'evidence-undated': [
    'place',
    'not-checked',
    undefined,
    () => of({ record: { cosigners: Object.fromEntries(world.witnesses.map(({ name }) => [name, 0])) } }),
  ],
  'evidence-out-of-time': [
    'place',
    'not-checked',
    undefined,
    () => of({ by: LATE }, trusting([IMAGE], { roots: LATE.policy().roots })),
  ],
  'evidence-incomplete': ['place', 'not-checked', undefined, () => of({ endorsements: null })],
  'measurement-not-approved': ['place', 'not-checked', undefined, () => of({}, trusting([]))],
  'hardware-attested': ['place', 'pass', 'hardware', () => of({})],
  'evidence-rejected': ['place', 'fail', 'hardware', () => of({ report: { policy: 0xb0000n } })],
  'evidence-not-bound': ['place', 'fail', 'hardware', () => of({ bound: `x${LOG_VKEY}` })],
  'device-not-bound': ['place', 'fail', 'hardware', () => of({ devices: [STRAY] })],
  'measurement-revoked': ['place', 'fail', 'hardware', () => of({}, takenBack())],
  'measured-weights': ['model', 'pass', 'hardware', () => measured(manifest)],
  'weights-mismatch': ['model', 'fail', 'hardware', () => measured('ab'.repeat(32))],
} as const satisfies Partial<Record<Reason, Way>>
