/**
 * Evidence to look at without any hardware: a document that a real machine made, recorded with when it was good, and what
 * is wrong with it now or with another one. Where none is beside this software, simulated ones, which say so.
 */
import { readFileSync } from 'node:fs'
import { DEFAULT_EVIDENCE_POLICY, type EvidencePolicy } from '@answerable/core/evidence'
import { simulatedEvidence } from '../simulated/example.ts'

export interface ExampleEvidence {
  /** What it is, and what it shows. */
  title: string
  file: string
  bytes: Uint8Array
  /** As of when to check it, Unix milliseconds. */
  time: number
  policy: EvidencePolicy
  /** Whether the check is to find that it meets the policy. */
  good: boolean
}

/** From the repository's root. */
const RECORDED = '../shared/vectors/nitro'
const REAL = 'evervault_valid-attestation-doc-bytes.cbor'
const REAL_AT = Date.parse('2022-10-13T08:58:02Z')
const DEBUG = 'dstack_dstack-attest_tests_nitro_attestation_dbg.bin'
const DEBUG_AT = Date.parse('2025-12-25T08:20:46Z')

/** `root` is the repository's folder; `time` is now, Unix milliseconds. */
export function exampleEvidence(
  time: number,
  root: URL = new URL('../../../../', import.meta.url),
): ExampleEvidence[] {
  const real = recorded(root, REAL)
  return real === undefined ? simulated(time) : fromRecords(root, real, time)
}

function fromRecords(root: URL, real: Uint8Array, time: number): ExampleEvidence[] {
  const policy = DEFAULT_EVIDENCE_POLICY
  const file = `${RECORDED}/${REAL}`
  const examples: ExampleEvidence[] = [
    {
      title: 'a real document of AWS Nitro Enclaves, as of when it was made',
      file,
      bytes: real,
      time: REAL_AT,
      policy,
      good: true,
    },
    {
      title: 'the same document, as of now: its certificates lived for three hours',
      file,
      bytes: real,
      time,
      policy,
      good: false,
    },
  ]
  const debug = recorded(root, DEBUG)
  if (debug !== undefined)
    examples.push({
      title: 'another real document, of a machine in debug mode, as of when it was made',
      file: `${RECORDED}/${DEBUG}`,
      bytes: debug,
      time: DEBUG_AT,
      policy,
      good: false,
    })
  return examples
}

function simulated(time: number): ExampleEvidence[] {
  const { closed, debug, root } = simulatedEvidence(time)
  const trusting: EvidencePolicy = {
    ...DEFAULT_EVIDENCE_POLICY,
    roots: { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: [root] },
  }
  const file = 'made on the spot'
  const common = { file, time }
  return [
    {
      ...common,
      title: 'SIMULATED: no hardware made this. Under its own root, which nobody else trusts',
      bytes: closed,
      policy: trusting,
      good: true,
    },
    {
      ...common,
      title: 'SIMULATED: the same under the default policy, to which only AWS’s root is one',
      bytes: closed,
      policy: DEFAULT_EVIDENCE_POLICY,
      good: false,
    },
    {
      ...common,
      title: 'SIMULATED: one of a machine in debug mode, under its own root',
      bytes: debug,
      policy: trusting,
      good: false,
    },
  ]
}

function recorded(root: URL, name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`${RECORDED}/${name}`, root))
  } catch {
    return undefined
  }
}
