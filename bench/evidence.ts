/**
 * What a check of evidence costs after warm-up, on recorded documents of each kind, and beside each the bare signatures
 * that it cannot do without. That one issuer signed another is remembered, so a second check of a vendor's evidence has fewer
 * signatures to check than the first: both are measured. Intel's quotes also by the library that ours is held against.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Suite } from '@answerable/core'
import {
  appraise,
  DEFAULT_EVIDENCE_POLICY,
  endorsementsFrom,
  evidenceFormat,
  readEndorsementFile,
  readEvidence,
} from '@answerable/core/evidence'
import { nodeSuite } from '@answerable/node/log'
import { atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const VECTORS = fileURLToPath(new URL('../../shared/vectors/', import.meta.url))
const ROUNDS = 9
const CHECKS = 40

interface Case {
  name: string
  /** Milliseconds a check. */
  target: number
  file: string
  endorsements: readonly string[]
  time: string
  /** Whether the library reads it as well. */
  peer?: boolean
}

const CASES: readonly Case[] = [
  {
    name: 'Nitro',
    target: 6,
    file: 'nitro/evervault_valid-attestation-doc-bytes.cbor',
    endorsements: [],
    time: '2022-10-13T08:58:02Z',
  },
  {
    name: 'TDX, with collateral',
    target: 10,
    file: 'tdx/phala_tdx_quote',
    endorsements: ['tdx/phala_tdx_quote_collateral.json'],
    time: '2025-06-20T00:00:00Z',
    peer: true,
  },
  {
    name: 'SEV-SNP, VCEK',
    target: 2,
    file: 'sev-snp/trustee_test-report.bin',
    endorsements: ['sev-snp/trustee_test-vcek.der', 'sev-snp/gosevguest_ask_ark_milan.pem'],
    time: '2025-06-20T00:00:00Z',
  },
  {
    name: 'NVIDIA GPU',
    target: 5,
    file: 'nvidia/nvsdk_hopper_evidence.json',
    endorsements: [],
    time: '2025-06-20T00:00:00Z',
  },
]

export const benchmark: Benchmark = {
  title: 'evidence',
  async run(say): Promise<Row[]> {
    if (!existsSync(VECTORS))
      throw new Error('recorded documents (../shared/vectors) are not here: there is nothing to measure with')
    const rows: Row[] = []
    for (const one of CASES) {
      say(one.name)
      rows.push(...(await measured(one)))
    }
    return rows
  },
}

async function measured({ name, target, file, endorsements: files, time, peer }: Case): Promise<Row[]> {
  const bytes = read(file)
  const given = files.flatMap(path => readEndorsementFile(read(path)))
  const check = (suite: Suite): void => {
    const [one] = readEvidence(bytes).found
    const { format, parsed, endorsements } = one!
    const { checks } = appraise(evidenceFormat(format)!, parsed, {
      time: Date.parse(time),
      policy: DEFAULT_EVIDENCE_POLICY,
      endorsements: endorsementsFrom([...endorsements, ...given]),
      suite,
    })
    const bad = checks.find(({ outcome }) => outcome === 'fail')
    if (bad !== undefined) throw new Error(`${name}: ${bad.reason}: ${bad.detail}`)
  }
  const bare = signaturesOf(check)
  const library = peer === true ? peerCheck(bytes, read(files[0]!), time) : undefined
  const whole: number[] = []
  const cold: number[] = []
  const signatures: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const times = [
      millis(() => check(nodeSuite)),
      millis(bare),
      library && millis(library),
      // Links between issuers are remembered by suite.
      millis(() => check({ ...nodeSuite })),
    ]
    // The first is warm-up.
    if (round === 0) continue
    whole.push(times[0]!)
    signatures.push(times[1]!)
    if (times[2] !== undefined) theirs.push(times[2])
    cold.push(times[3]!)
  }
  return [
    atMost(`${name}: a check`, median(whole), 'ms', target),
    forTheRecord(`${name}: a check, no issuer remembered`, median(cold), 'ms'),
    forTheRecord(`${name}: its signatures alone`, median(signatures), 'ms'),
    forTheRecord(
      `${name}: no issuer remembered, share of what its signatures allow`,
      median(cold.map((ms, i) => signatures[i]! / ms)),
      '',
    ),
    ...(theirs.length === 0
      ? []
      : [
          forTheRecord(`${name}: a check by @phala/dcap-qvl`, median(theirs), 'ms'),
          forTheRecord(`${name}: ours ÷ theirs`, median(whole.map((ms, i) => ms / theirs[i]!)), ''),
        ]),
  ]
}

/** The signatures that a check looks at, to be checked again by themselves. */
function signaturesOf(check: (suite: Suite) => void): () => void {
  const calls: (() => void)[] = []
  const keep =
    <A extends unknown[]>(verify: (...args: A) => boolean) =>
    (...args: A) => {
      calls.push(() => verify(...args))
      return verify(...args)
    }
  check({
    ...nodeSuite,
    verifyEcdsa: keep(nodeSuite.verifyEcdsa),
    verifyRsa: keep(nodeSuite.verifyRsa),
    verifyEd25519: keep(nodeSuite.verifyEd25519),
  })
  return () => {
    for (const call of calls) call()
  }
}

interface Peer {
  verify(quote: Buffer, collateral: unknown, seconds: number): unknown
}

function peerCheck(quote: Uint8Array, collateral: Uint8Array, time: string): () => void {
  const peer = createRequire(import.meta.url)('@phala/dcap-qvl') as Peer
  const parsed: unknown = JSON.parse(Buffer.from(collateral).toString())
  return () => void peer.verify(Buffer.from(quote), parsed, Date.parse(time) / 1000)
}

function millis(run: () => void): number {
  const start = performance.now()
  for (let i = 0; i < CHECKS; i++) run()
  return (performance.now() - start) / CHECKS
}

function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, `file://${VECTORS}`)))
}
