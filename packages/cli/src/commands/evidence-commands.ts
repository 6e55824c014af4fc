/** The commands about evidence of where a node runs. */
import type { Command } from '../command.ts'

export const EVIDENCE_COMMANDS: readonly Command[] = [
  {
    name: 'evidence check',
    summary: 'check evidence of hardware: who signed it, and what it says',
    usage: `FILE... [--as-of T] [--policy F] [--collateral F]... [--json]

FILE is a document of AWS Nitro, a quote of Intel TDX or SGX, a report of AMD
SEV-SNP (also Azure's), of an NVIDIA GPU or switch, a token of Google
Confidential Space, NRAS or MAA, or a document of ours; as it is, in hex,
base64, PEM or JSON; or - for standard input.

  --as-of T          as of T, such as 2026-01-31T12:00:00Z; now unless told
  --policy F         what you require, as JSON (docs/evidence.md)
  --collateral F     what vendors say of platforms: certificates, revocation
                     lists, Intel's collateral, key sets; may be repeated
  --report-data HEX  what the workload must have had signed along
  --nonce HEX        the nonce that it must have been asked with
  --example          in place of FILE: recorded documents, good and rejected;
                     where none are here, simulated ones that say so
  --json             one JSON object

Exits with 0 where all of it meets the policy, with 1 where it does not, and
with 2 where something cannot be read.`,
    load: () => import('./evidence-check.ts'),
  },
]
