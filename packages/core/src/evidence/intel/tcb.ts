/**
 * How up to date a platform is: Intel's TCB info (versions 2 and 3) and the identity of its quoting enclave (version 2), as
 * the Provisioning Certification Service hands them out ("Intel PCS API", version 4, Get TCB Info and Get QE Identity). Read from
 * text that is signed, and not yet believed.
 */
import { parseJson } from '../../json.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import { TCB_STATUSES, type TcbStatus } from '../policy.ts'
import { COMPONENTS } from './pck.ts'
import type { Tee } from './quote.ts'

interface Dated {
  /** Unix milliseconds; both are within. */
  issued: number
  until: number
  /** Which of Intel's evaluations it is; a higher one knows more. */
  evaluation: number
}

interface Level {
  /** Since when it is so, RFC 3339. */
  date: string
  status: TcbStatus
  /** Names of Intel's advisories. */
  advisories: readonly string[]
}

export interface TcbLevel extends Level {
  sgx: readonly number[]
  pcesvn: number
  /** For TDX alone. */
  tdx?: readonly number[]
}

export interface IsvLevel extends Level {
  isvsvn: number
}

/** Which TDX module may run: its signer, and its attributes under a mask. */
export interface ModuleIdentity {
  mrsigner: string
  attributes: string
  mask: string
  levels: readonly IsvLevel[]
}

export interface TcbInfo extends Dated {
  tee: Tee
  fmspc: string
  pceid: string
  /** From the newest on, as Intel lists them. */
  levels: readonly TcbLevel[]
  /** For TDX alone: the module of major version 0, and those of others by `TDX_` and two hex digits. */
  module?: ModuleIdentity
  modules: ReadonlyMap<string, ModuleIdentity>
}

export interface QeIdentity extends Dated {
  tee: Tee
  mrsigner: string
  isvprodid: number
  miscSelect: string
  miscMask: string
  attributes: string
  attributesMask: string
  levels: readonly IsvLevel[]
}

const shape = new Shape('bad-endorsement')
const MOST_LEVELS = 256
const MOST_ADVISORIES = 256
const MOST_MODULES = 64
const LIMITS = { maxBytes: 512 * 1024, maxDepth: 8 }
/** What enclaves and modules can be, which have no configuration. */
const ISV_STATUSES = ['UpToDate', 'OutOfDate', 'Revoked'] as const

/** Throws `bad-endorsement`, and what `parseJson` throws. */
export function parseTcbInfo(text: string): TcbInfo {
  const root = shape.object(parseJson(text, LIMITS), 'tcb_info')
  const version = shape.count(root.version, 'tcb_info.version')
  if (version !== 2 && version !== 3) shape.fail('tcb_info.version', '2 or 3')
  if (root.tcbType !== 0) shape.fail('tcb_info.tcbType', '0')
  // Version 2 is from before TDX, and has no name for what it is about.
  const tee: Tee =
    version === 2 || shape.literal(root.id, 'tcb_info.id', ['SGX', 'TDX']) === 'SGX' ? 'sgx' : 'tdx'
  const info: TcbInfo = {
    ...dated(root, 'tcb_info'),
    tee,
    fmspc: hex(root.fmspc, 6, 'tcb_info.fmspc'),
    pceid: hex(root.pceId, 2, 'tcb_info.pceId'),
    levels: shape.array(root.tcbLevels, 'tcb_info.tcbLevels', MOST_LEVELS).map((one, i) => {
      const where = `tcb_info.tcbLevels[${i}]`
      const level = shape.object(one, where)
      return { ...levelOf(level, where, TCB_STATUSES), ...tcbOf(level.tcb, `${where}.tcb`, version, tee) }
    }),
    modules: new Map(),
  }
  if (tee === 'sgx') return info
  info.module = moduleOf(shape.object(root.tdxModule, 'tcb_info.tdxModule'), 'tcb_info.tdxModule', [])
  const modules = new Map<string, ModuleIdentity>()
  const listed = root.tdxModuleIdentities ?? []
  for (const [i, one] of shape.array(listed, 'tcb_info.tdxModuleIdentities', MOST_MODULES).entries()) {
    const where = `tcb_info.tdxModuleIdentities[${i}]`
    const fields = shape.object(one, where)
    const id = shape.string(fields.id, `${where}.id`, 6, /^TDX_[0-9A-Fa-f]{2}$/, 'TDX_ and two hex digits')
    // Of two with one name, readers would take different ones.
    if (modules.has(id.toUpperCase())) shape.fail(`${where}.id`, 'a name that no other has')
    modules.set(id.toUpperCase(), moduleOf(fields, where, isvLevels(fields.tcbLevels, where)))
  }
  return { ...info, modules }
}

/** Throws as `parseTcbInfo` does. */
export function parseQeIdentity(text: string): QeIdentity {
  const root = shape.object(parseJson(text, LIMITS), 'qe_identity')
  const id = shape.literal(root.id, 'qe_identity.id', ['QE', 'TD_QE'])
  if (root.version !== 2) shape.fail('qe_identity.version', '2')
  return {
    ...dated(root, 'qe_identity'),
    tee: id === 'QE' ? 'sgx' : 'tdx',
    mrsigner: hex(root.mrsigner, 32, 'qe_identity.mrsigner'),
    isvprodid: svn(root.isvprodid, 65_535, 'qe_identity.isvprodid'),
    miscSelect: hex(root.miscselect, 4, 'qe_identity.miscselect'),
    miscMask: hex(root.miscselectMask, 4, 'qe_identity.miscselectMask'),
    attributes: hex(root.attributes, 16, 'qe_identity.attributes'),
    attributesMask: hex(root.attributesMask, 16, 'qe_identity.attributesMask'),
    levels: isvLevels(root.tcbLevels, 'qe_identity'),
  }
}

function dated(root: JsonObject, where: string): Dated {
  return {
    issued: timeOf(root.issueDate, `${where}.issueDate`),
    until: timeOf(root.nextUpdate, `${where}.nextUpdate`),
    evaluation: shape.count(root.tcbEvaluationDataNumber, `${where}.tcbEvaluationDataNumber`),
  }
}

function levelOf<S extends TcbStatus>(level: JsonObject, where: string, statuses: readonly S[]): Level {
  const advisories = shape.array(level.advisoryIDs ?? [], `${where}.advisoryIDs`, MOST_ADVISORIES)
  return {
    date: new Date(timeOf(level.tcbDate, `${where}.tcbDate`)).toISOString(),
    status: shape.literal(level.tcbStatus, `${where}.tcbStatus`, statuses),
    advisories: advisories.map(one =>
      shape.string(one, `${where}.advisoryIDs`, 40, /^[A-Za-z0-9_-]+$/, 'names of advisories'),
    ),
  }
}

function tcbOf(
  value: unknown,
  where: string,
  version: number,
  tee: Tee,
): Pick<TcbLevel, 'sgx' | 'pcesvn' | 'tdx'> {
  const tcb = shape.object(value, where)
  const pcesvn = svn(tcb.pcesvn, 65_535, `${where}.pcesvn`)
  if (version === 2) {
    const sgx = Array.from({ length: COMPONENTS }, (_, i) => {
      const name = `sgxtcbcomp${String(i + 1).padStart(2, '0')}svn`
      return svn(tcb[name], 255, `${where}.${name}`)
    })
    return { pcesvn, sgx }
  }
  const sgx = components(tcb.sgxtcbcomponents, `${where}.sgxtcbcomponents`)
  if (tee === 'sgx') return { pcesvn, sgx }
  return { pcesvn, sgx, tdx: components(tcb.tdxtcbcomponents, `${where}.tdxtcbcomponents`) }
}

function components(value: unknown, where: string): number[] {
  const list = shape.array(value, where, COMPONENTS)
  if (list.length !== COMPONENTS) shape.fail(where, `${COMPONENTS} components`)
  return list.map((one, i) => svn(shape.object(one, `${where}[${i}]`).svn, 255, `${where}[${i}].svn`))
}

function moduleOf(fields: JsonObject, where: string, levels: readonly IsvLevel[]): ModuleIdentity {
  return {
    mrsigner: hex(fields.mrsigner, 48, `${where}.mrsigner`),
    attributes: hex(fields.attributes, 8, `${where}.attributes`),
    mask: hex(fields.attributesMask, 8, `${where}.attributesMask`),
    levels,
  }
}

function isvLevels(value: unknown, where: string): IsvLevel[] {
  return shape.array(value, `${where}.tcbLevels`, MOST_LEVELS).map((one, i) => {
    const at = `${where}.tcbLevels[${i}]`
    const level = shape.object(one, at)
    const { isvsvn } = shape.object(level.tcb, `${at}.tcb`)
    return { ...levelOf(level, at, ISV_STATUSES), isvsvn: svn(isvsvn, 65_535, `${at}.tcb.isvsvn`) }
  })
}

function svn(value: unknown, most: number, where: string): number {
  const number = shape.count(value, where)
  return number <= most ? number : shape.fail(where, `0 to ${most}`)
}

/** Intel writes hex in either case. */
function hex(value: unknown, bytes: number, where: string): string {
  const text = shape.string(value, where, 2 * bytes, /^[0-9A-Fa-f]*$/, 'hex')
  return text.length === 2 * bytes ? text.toLowerCase() : shape.fail(where, `${bytes} bytes in hex`)
}

/** RFC 3339 in UTC, to the second. */
function timeOf(value: unknown, where: string): number {
  const text = shape.string(value, where, 20, /^[^.]*Z$/, 'a UTC time like 2026-01-31T12:00:00Z')
  return shape.time(`${text.slice(0, -1)}.000Z`, where)
}
