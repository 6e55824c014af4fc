/**
 * AMD's certificates of the keys that sign reports (57230, VCEK Certificate and KDS Interface; 58369, VLEK): a VCEK is of
 * one chip at one TCB version, a VLEK of one cloud at one TCB version. Both say so in extensions of AMD's own.
 */
import { AnswerableError } from '../../error.ts'
import { type Certificate, type Der, expectTag, readDer, readSmall, TAG } from '../../x509/index.ts'
import type { SnpPart } from '../policy.ts'
import type { Generation, Tcb } from './tcb.ts'

const AMD = '1.3.6.1.4.1.3704.1'
const PRODUCT = `${AMD}.2`
const HARDWARE_ID = `${AMD}.4`
const CLOUD = `${AMD}.5`
const PARTS: Record<SnpPart, string> = {
  bootloader: `${AMD}.3.1`,
  tee: `${AMD}.3.2`,
  snp: `${AMD}.3.3`,
  microcode: `${AMD}.3.8`,
  fmc: `${AMD}.3.9`,
}
/** Products before their stepping; those of Genoa's line have names of their own. */
const PRODUCTS = new Map<string, Generation>([
  ['Milan', 'Milan'],
  ['Genoa', 'Genoa'],
  ['Bergamo', 'Genoa'],
  ['Siena', 'Genoa'],
  ['Turin', 'Turin'],
])
const NAMES = new Set(['SEV-VCEK', 'SEV-VLEK'])
const IA5_STRING = 0x16
const MOST_TEXT = 128

export interface EndorsementKey {
  certificate: Certificate
  kind: 'vcek' | 'vlek'
  /** As AMD writes it: `Milan-B0`, `Milan`. */
  product: string
  generation?: Generation
  tcb: Tcb
  /** Of a VCEK: 64 bytes, from Turin on 8. */
  hardwareId?: Uint8Array
  /** Of a VLEK: for which cloud it was made. */
  cloud?: string
}

/** What a certificate says of its key; undefined for one that is of no such key. Throws `bad-certificate`. */
export function readEndorsementKey(certificate: Certificate): EndorsementKey | undefined {
  const { extensions } = certificate
  const hardware = extensions.get(HARDWARE_ID)
  const cloud = extensions.get(CLOUD)
  const product = extensions.get(PRODUCT)
  if (product === undefined || (hardware === undefined) === (cloud === undefined)) {
    if (!NAMES.has(certificate.subject.parts.get('CN') ?? '')) return undefined
    return bad('what AMD says of the chip or the cloud')
  }
  const name = textOf(product.value, 'product')
  const generation = PRODUCTS.get(name.split('-')[0]!)
  const tcb: Tcb = {}
  for (const [part, id] of Object.entries(PARTS) as [SnpPart, string][]) {
    const extension = extensions.get(id)
    if (extension !== undefined) tcb[part] = byteOf(extension.value, part)
  }
  return {
    certificate,
    kind: hardware === undefined ? 'vlek' : 'vcek',
    product: name,
    tcb,
    ...(generation && { generation }),
    ...(hardware && { hardwareId: hardwareIdOf(hardware.value) }),
    ...(cloud && { cloud: textOf(cloud.value, 'cloud') }),
  }
}

/** Older certificates hold the bytes as they are, newer ones an octet string of them. */
function hardwareIdOf(value: Uint8Array): Uint8Array {
  if (value.length === 64 || value.length === 8) return value
  const { content } = read(() => expectTag(readDer(value), TAG.octetString, 'hardware ID'))
  return content.length === 64 || content.length === 8 ? content : bad('a hardware ID of 8 or 64 bytes')
}

function byteOf(value: Uint8Array, what: string): number {
  const number = read(() => readSmall(readDer(value), what))
  return number <= 255 ? number : bad(`one byte for ${what}`)
}

function textOf(value: Uint8Array, what: string): string {
  const { content } = read(() => expectTag(readDer(value), IA5_STRING, what))
  const text = String.fromCharCode(...content.subarray(0, MOST_TEXT + 1))
  return text.length <= MOST_TEXT && /^[ -~]*$/.test(text) ? text : bad(`a short text for ${what}`)
}

function read<T extends Der | number>(get: () => T): T {
  try {
    return get()
  } catch (cause) {
    throw new AnswerableError('bad-certificate', `certificate of a chip: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function bad(expected: string): never {
  throw new AnswerableError('bad-certificate', `certificate of a chip: expected ${expected}`)
}
