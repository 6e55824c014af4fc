/** What a device says of itself in its report, in words: which it is, and which of NVIDIA's manifests are about it. */
import { toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import { contextTag, elements, readDer, readOid, TAG, within } from '../../x509/der.ts'
import type { Certificate } from '../../x509/index.ts'
import { type DeviceReport, OPAQUE } from './report.ts'

export type DeviceKind = 'nvidia-gpu' | 'nvidia-switch'

/** Only GPUs have a driver that they load their firmware from, and say its version. */
export function deviceKind({ opaque }: DeviceReport): DeviceKind {
  return opaque.has(OPAQUE.driverVersion) ? 'nvidia-gpu' : 'nvidia-switch'
}

export interface Device {
  kind: DeviceKind
  /** As its certificate has it: `GH100`. */
  chip?: string
  /** Only of a GPU. */
  driver?: string
  vbios?: string
  /** Whether the first video decoder is off: then nothing is measured of it. */
  decoderOff: boolean
  /** Names of the manifests with its reference values, as NVIDIA's service has them. */
  manifests: string[]
  facts: JsonObject
}

const MODES = ['single GPU', 'several GPUs', 'protected PCIe']
const ON = 0xaa
const OFF = 0x55
const MOST_TEXT = 64
const MOST_LINKS = 32
/** SPDM's name of a device in its certificate: maker, product and serial number (DSP0274, subject alternative name). */
const DEVICE_INFO = '1.3.6.1.4.1.412.274.1'
const ALTERNATIVE_NAME = '2.5.29.17'

export function describeDevice(report: DeviceReport, leaf: Certificate | undefined): Device {
  const { opaque } = report
  const kind = deviceKind(report)
  const said = (type: number): string | undefined => textOf(opaque.get(type))
  const vbios = kind === 'nvidia-gpu' ? gpuVbios(opaque.get(OPAQUE.vbiosVersion)) : said(OPAQUE.vbiosVersion)
  const driver = said(OPAQUE.driverVersion)
  const [project, projectSku, chipSku] = [said(OPAQUE.project), said(OPAQUE.projectSku), said(OPAQUE.chipSku)]
  const [chip, serial] = nameIn(leaf)
  const mode = opaque.get(OPAQUE.mode)
  const links =
    kind === 'nvidia-gpu' ? opaque.get(OPAQUE.pdi) : opaque.get(OPAQUE.switchGpus)?.subarray(0, 64)
  const manifests: string[] = []
  if (kind === 'nvidia-gpu') {
    const blackwell = chip?.startsWith('GB')
    if (driver !== undefined)
      manifests.push(`${blackwell ? 'NV_GPU_CC_DRIVER_GB100' : 'NV_GPU_DRIVER_GH100'}_${driver}`)
    if (vbios !== undefined && project !== undefined && projectSku !== undefined && chipSku !== undefined)
      manifests.push(`NV_GPU_VBIOS_${project}_${projectSku}_${chipSku}_${vbios.replaceAll('.', '')}`)
    // All switches that attest have one board (attestation-sdk, switch/evidence.cpp).
  } else if (vbios !== undefined)
    manifests.push(`NV_SWITCH_BIOS_5612_0002_890_${vbios.replaceAll('.', '').toUpperCase()}`)
  const facts: JsonObject = {}
  const fact = (name: string, value: string | string[] | undefined): void => {
    if (value !== undefined && value.length > 0) facts[name] = value
  }
  fact('chip', chip)
  fact('device', serial)
  fact('driver', driver)
  fact('vbios', vbios)
  fact('chipSku', chipSku)
  fact('project', project)
  fact('projectSku', projectSku)
  if (mode?.[0] !== undefined) fact('mode', MODES[mode[0]] ?? `0x${toHex(mode.subarray(0, 8))}`)
  fact('protectedPcie', switchOf(opaque.get(OPAQUE.protectedPcie)))
  fact('nvdec0', switchOf(opaque.get(OPAQUE.nvdec0Status)))
  if (kind === 'nvidia-switch') fact('pdi', hexOf(opaque.get(OPAQUE.pdi)))
  fact(kind === 'nvidia-gpu' ? 'switches' : 'gpus', linksOf(links))
  fact('manifests', manifests)
  return {
    kind,
    decoderOff: opaque.get(OPAQUE.nvdec0Status)?.[0] === OFF,
    manifests,
    facts,
    ...(chip !== undefined && { chip }),
    ...(driver !== undefined && { driver }),
    ...(vbios !== undefined && { vbios }),
  }
}

/**
 * The firmware's digest that the chip's own key certified, 48 bytes in hex. Chips since Blackwell have it as TCG DICE says, in
 * a DiceTcbInfo (DICE Attestation Architecture section 6.1.1), where `[6]` is a list of algorithm and digest; in Hopper's
 * CompositeDeviceID it stands last (attestation-sdk, nv_x509.cpp).
 */
export function certifiedFirmware({ extensions }: Certificate): string | undefined {
  const legacy = extensions.get('2.23.133.5.4.1')?.value
  const value = legacy ?? extensions.get('2.23.133.5.4.1.1')?.value
  if (value === undefined) return undefined
  const listed = firstFirmware(value)
  if (listed !== undefined || legacy === undefined || legacy.length < 48) return listed
  return toHex(legacy.subarray(-48))
}

function firstFirmware(value: Uint8Array): string | undefined {
  try {
    const list = within(readDer(value), TAG.sequence, 'TcbInfo', 16).find(({ tag }) => tag === contextTag(6))
    const first = list === undefined ? undefined : elements(list.content, 16)[0]
    return first === undefined ? undefined : toHex(within(first, TAG.sequence, 'FWID', 2)[1]!.content)
  } catch {
    return undefined
  }
}

/** Chip and serial number from the device's name in its certificate; nothing where there is none like it. */
function nameIn(leaf: Certificate | undefined): [chip?: string, serial?: string] {
  const value = leaf?.extensions.get(ALTERNATIVE_NAME)?.value
  if (value === undefined) return []
  try {
    for (const name of within(readDer(value), TAG.sequence, 'alternative names', 16)) {
      if (name.tag !== contextTag(0)) continue
      const [id, tagged] = elements(name.content, 2)
      if (readOid(id) !== DEVICE_INFO || tagged === undefined) continue
      const parts = textOf(readDer(tagged.content).content)?.split(':')
      return parts?.length === 3 ? (parts.slice(1) as [string, string]) : []
    }
  } catch {
    // Not a name of that kind: nothing rests on it.
  }
  return []
}

/** ASCII up to its zeros. What is not for a screen is left out altogether. */
function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length > MOST_TEXT) return undefined
  const text = String.fromCharCode(...bytes).replace(/\0+$/, '')
  return /^[\x20-\x7e]+$/.test(text) ? text : undefined
}

/** Of eight bytes, the lower half backwards, and then the one above it: `96.00.A5.00.01` (attestation-sdk, gpu/evidence.cpp). */
function gpuVbios(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 8) return undefined
  const shown = [...bytes.subarray(0, 4).toReversed(), bytes[4]!]
  return shown.map(byte => byte.toString(16).padStart(2, '0').toUpperCase()).join('.')
}

function switchOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.[0] === ON ? 'on' : bytes?.[0] === OFF ? 'off' : undefined
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : toHex(bytes.subarray(0, 32))
}

/** Identifiers of 8 bytes, each once. */
function linksOf(bytes: Uint8Array | undefined): string[] | undefined {
  if (bytes === undefined || bytes.length % 8 !== 0) return undefined
  const found = new Set<string>()
  for (let at = 0; at < bytes.length && found.size < MOST_LINKS; at += 8)
    found.add(toHex(bytes.subarray(at, at + 8)))
  return [...found]
}
