/**
 * Generations of AMD's processors and their TCB versions (56860, TCB_VERSION): eight bytes, in an order of each
 * generation's own.
 */
import type { SnpPart } from '../policy.ts'
import type { SnpReport } from './report.ts'

export type Generation = 'Milan' | 'Genoa' | 'Turin'

export type Tcb = Partial<Record<SnpPart, number>>

/** Where the parts are. The bytes between are reserved. */
const LAYOUTS: Record<Generation, Tcb> = {
  Milan: { bootloader: 0, tee: 1, snp: 6, microcode: 7 },
  Genoa: { bootloader: 0, tee: 1, snp: 6, microcode: 7 },
  Turin: { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 },
}

export function tcbOf(bytes: Uint8Array, generation: Generation): Tcb {
  const layout = Object.entries(LAYOUTS[generation]) as [SnpPart, number][]
  return Object.fromEntries(layout.map(([part, at]) => [part, bytes[at]!]))
}

/** The parts that a generation has. */
export function partsOf(generation: Generation): SnpPart[] {
  return Object.keys(LAYOUTS[generation]) as SnpPart[]
}

export function tcbText(tcb: Tcb): string {
  return Object.entries(tcb)
    .map(([part, value]) => `${part} ${value}`)
    .join(', ')
}

/** By family and model (56860, CPUID_FAM_ID): Bergamo and Siena are of Genoa's line. Undefined for one not known here. */
export function generationOfCpu({ cpu }: SnpReport): Generation | undefined {
  if (cpu === undefined) return undefined
  const { family, model } = cpu
  if (family === 0x19 && model <= 0x0f) return 'Milan'
  if (family === 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf)))
    return 'Genoa'
  if (family === 0x1a && model <= 0x11) return 'Turin'
  return undefined
}
