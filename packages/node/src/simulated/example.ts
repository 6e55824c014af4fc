/**
 * Simulated: documents in the form of AWS Nitro's, of a machine that does not exist. They show what a check looks like where no
 * recorded document is at hand, and say in their certificates and in themselves that they are simulated: their root is made
 * on the spot, and no reader's policy names it.
 */
import { createHash } from 'node:crypto'
import { makeCertificate, secondOf } from './certificates.ts'
import { type Authority, makeNitro, pcrsOf } from './nitro.ts'

export interface SimulatedEvidence {
  /** Of a machine that nobody can look into, and of one that its owner can. */
  closed: Uint8Array
  debug: Uint8Array
  /** SHA-256 of the root's certificate, in hex. */
  root: string
}

const NAME = 'SIMULATED example, no hardware'
const HOUR = 3_600_000
const PCRS = 16
const PCR_BYTES = 48

/** `time` is Unix milliseconds: the documents are good for an hour from then. */
export function simulatedEvidence(time: number): SimulatedEvidence {
  const times = { from: secondOf(time - 1000), to: secondOf(time + HOUR) }
  const root = makeCertificate({ subject: `${NAME}: root`, ca: true, ...times })
  const leaf = makeCertificate({ subject: `${NAME}: machine`, issuer: root, ...times })
  const authority: Authority = { root, intermediates: [], leaf }
  const documentOf = (debug: boolean) =>
    makeNitro(authority, {
      module_id: 'simulated-example',
      timestamp: time,
      pcrs: pcrsOf(Object.fromEntries(Array.from({ length: PCRS }, (_, i) => [i, measured(i, debug)]))),
      user_data: Buffer.from(NAME),
    })
  return { closed: documentOf(false), debug: documentOf(true), root: root.fingerprint }
}

/** What a machine measures in debug mode is all zeros: AWS's way to say that it is in it. */
function measured(pcr: number, debug: boolean): Uint8Array {
  const image = Buffer.alloc(PCR_BYTES, createHash('sha384').update(NAME).digest())
  return debug || pcr > 4 || pcr === 3 ? new Uint8Array(PCR_BYTES) : new Uint8Array(image)
}
