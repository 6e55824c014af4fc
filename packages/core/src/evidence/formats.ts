/** Every format that there is a verifier for. */
import type { EvidenceFormat, Format } from './format.ts'
import { confidentialSpace, maa, nras } from './jwt/index.ts'
import { nitro } from './nitro/index.ts'
import { nvidiaGpu, nvidiaSwitch } from './nvidia/index.ts'
import { sgx } from './sgx/index.ts'
import { azureSevSnp, sevSnp } from './snp/index.ts'
import { tdx } from './tdx/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: each format's parsed form is its own affair, and goes from its parser to its checks alone
export type AnyFormat = EvidenceFormat<any>

/** In the order of `FORMATS`. */
export const EVIDENCE_FORMATS: readonly AnyFormat[] = [
  nitro,
  tdx,
  sgx,
  sevSnp,
  azureSevSnp,
  nvidiaGpu,
  nvidiaSwitch,
  confidentialSpace,
  nras,
  maa,
]

export function evidenceFormat(
  name: Format,
  formats: readonly AnyFormat[] = EVIDENCE_FORMATS,
): AnyFormat | undefined {
  return formats.find(({ format }) => format === name)
}
