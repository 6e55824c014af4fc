/**
 * A node's evidence as one document: its machine's, and that of its devices. Inference statements name it by its digest.
 * The machine's evidence holds the binding of all of it to the node's log (`binding.ts`), so nothing can be added to the
 * document or taken from it.
 */
import { equal, fromBase64, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { type Appraisal, type Approved, appraise } from './appraise.ts'
import { deviceNonce, evidenceBinding } from './binding.ts'
import { budgeted } from './budget.ts'
import { type Check, type CheckName, check, type EvidenceReason } from './check.ts'
import { type Endorsement, type Endorsements, endorsementsFrom, NO_ENDORSEMENTS } from './endorsements.ts'
import { DEVICE_FORMATS, FORMATS, type Format } from './format.ts'
import { type AnyFormat, EVIDENCE_FORMATS, evidenceFormat } from './formats.ts'
import type { EvidencePolicy, EvidenceVerdict } from './policy.ts'

export const EVIDENCE_TYPE = 'https://answerable.dev/evidence/v1'
export const MAX_EVIDENCE_BYTES = 512 * 1024
const MOST_ITEMS = 16

export interface EvidenceItem {
  format: Format
  /** The exact bytes that the format's parser takes. */
  bytes: Uint8Array
}

export interface EvidenceDocument {
  /** vkey of the node's inference log, for those who ask what it is to be bound to. */
  log: string
  /** The machine's first, then those of its devices. */
  items: EvidenceItem[]
}

const shape = new Shape('bad-evidence')

/** The exact bytes of a document. Throws `too-large`. */
export function formatEvidenceDocument({ log, items }: EvidenceDocument): Uint8Array {
  const listed = items.map(({ format, bytes }) => ({ format, bytes: toBase64(bytes) }))
  const bytes = utf8(`${JSON.stringify({ type: EVIDENCE_TYPE, log, items: listed })}\n`)
  if (bytes.length > MAX_EVIDENCE_BYTES)
    throw new AnswerableError('too-large', `evidence: over ${MAX_EVIDENCE_BYTES} bytes`)
  return bytes
}

/** Reads a document, and none of what is in it. Throws `bad-evidence`, `too-large`, and what `parseJson` throws. */
export function parseEvidenceDocument(bytes: Uint8Array): EvidenceDocument {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_EVIDENCE_BYTES, maxDepth: 4 }), 'evidence')
  shape.literal(root.type, 'type', [EVIDENCE_TYPE])
  const items = shape.array(root.items, 'items', MOST_ITEMS).map((item, i) => {
    const { format, bytes: text } = shape.object(item, `items[${i}]`)
    return {
      format: shape.literal(format, `items[${i}].format`, FORMATS),
      bytes: base64(text, `items[${i}].bytes`),
    }
  })
  if (items.length === 0) shape.fail('items', 'at least one')
  return { log: shape.string(root.log, 'log', 4096), items }
}

function base64(value: unknown, where: string): Uint8Array {
  const text = shape.string(value, where, MAX_EVIDENCE_BYTES)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-evidence', `${where}: expected base64`, { cause })
  }
}

/** An item as it was read: its parsed form, or why it cannot be. */
interface ReadItem {
  item: EvidenceItem
  format?: AnyFormat
  parsed?: unknown
  error?: AnswerableError
}

export interface AppraisedItem {
  format: Format
  appraisal?: Appraisal
  /** Why it could not be read. */
  error?: AnswerableError
}

export interface DocumentAppraisal {
  /** As of when, Unix milliseconds. */
  time: number
  machine: AppraisedItem
  devices: AppraisedItem[]
  /** Of the document as a whole: what the machine's checks and those of the devices come to. */
  checks: Check[]
  /** Whether machine and devices meet the policy, reference values of a registry left aside. */
  verdict: EvidenceVerdict
  window: { from: number; until: number }
}

export interface DocumentOptions {
  /** vkey of the log that the record is in: the reader's own, not the document's. */
  log: string
  policy: EvidencePolicy
  /** Archives of endorsements, each by itself; of those in their time the newest speaks. */
  archives: readonly (readonly Endorsement[])[]
  suite: Suite
  formats?: readonly AnyFormat[]
  /** What others approved devices' measurements to be. */
  approvedDevices?: Approved
  /** How many signatures are checked at most; `MOST_SIGNATURES` unless told. */
  signatures?: number
}

/** Reads a document once, and appraises it as of any time. */
export class DocumentAppraiser {
  readonly #items: ReadItem[]
  readonly #options: DocumentOptions
  readonly #archives: Endorsements[]
  readonly #binding: Uint8Array
  readonly #nonce: Uint8Array
  readonly #sameLog: boolean

  constructor(document: EvidenceDocument, options: DocumentOptions) {
    const { log, suite, formats = EVIDENCE_FORMATS } = options
    this.#options = { ...options, suite: budgeted(suite, options.signatures) }
    this.#items = document.items.map(item => read(item, formats))
    this.#archives = options.archives.map(endorsementsFrom)
    const devices = document.items.slice(1).map(({ bytes }) => bytes)
    this.#binding = evidenceBinding(log, devices, suite)
    this.#nonce = deviceNonce(log, suite)
    this.#sameLog = equal(utf8(document.log), utf8(log))
  }

  /** Never throws for anything that evidence or endorsements can hold. */
  at(time: number): DocumentAppraisal {
    const [first, ...rest] = this.#items as [ReadItem, ...ReadItem[]]
    const machine = this.#appraise(first, time, false)
    const devices = rest.map(item => this.#appraise(item, time, true))
    const checks = [devicesCheck(machine, devices)]
    if (!this.#sameLog)
      checks.push(
        check('binding', 'fail', 'wrong-binding', 'the document names another log than the record is in'),
      )
    const unmet = [
      ...unmetBy(machine, 'the machine'),
      ...devices.flatMap((one, i) => unmetBy(one, `device ${i + 1}`)),
      ...checks.filter(({ outcome }) => outcome === 'fail').map(one => `${one.check} fails: ${one.reason}`),
    ]
    const windows = [machine, ...devices].flatMap(({ appraisal }) => appraisal?.window ?? [])
    return {
      time,
      machine,
      devices,
      checks,
      verdict: { met: unmet.length === 0, unmet, checks: stoodInTheWay([machine, ...devices], checks) },
      window: {
        from: Math.max(Number.NEGATIVE_INFINITY, ...windows.map(({ from }) => from)),
        until: Math.min(Number.POSITIVE_INFINITY, ...windows.map(({ until }) => until)),
      },
    }
  }

  #appraise({ item, format, parsed, error }: ReadItem, time: number, device: boolean): AppraisedItem {
    if (format === undefined || error !== undefined) return { format: item.format, ...(error && { error }) }
    const { policy, suite, approvedDevices } = this.#options
    const archives = this.#archives.length === 0 ? [NO_ENDORSEMENTS] : this.#archives
    const appraisals = archives.map(endorsements =>
      appraise(format, parsed, {
        time,
        policy,
        endorsements,
        suite,
        ...(device
          ? { nonce: this.#nonce, also: ['nonce'], ...(approvedDevices && { approved: approvedDevices }) }
          : { binding: this.#binding, also: ['binding'] }),
      }),
    )
    return { format: item.format, appraisal: newest(appraisals, time) }
  }
}

/**
 * What vendors sign against a platform. It gets no better with time, and an archive can hold an older word on the platform
 * beside newer lists, so the newest as a whole need not have the newest word.
 */
const AGAINST: readonly EvidenceReason[] = [
  'platform-out-of-date',
  'platform-needs-configuration',
  'platform-revoked',
  'no-matching-tcb-level',
  'identity-out-of-date',
  'identity-revoked',
]

/**
 * Which archive speaks: one that shows a revocation, before all; then one that is in its time and has the vendor's word against
 * the platform; else, of those that are in their time, the newest. So whoever brings archives cannot choose an older one that
 * says less.
 */
function newest(appraisals: readonly Appraisal[], time: number): Appraisal {
  const revoked = appraisals.find(({ checks }) =>
    checks.some(({ check: name, outcome }) => name === 'revocation' && outcome === 'fail'),
  )
  if (revoked !== undefined) return revoked
  const known = (one: Appraisal): number =>
    one.checks.filter(({ outcome }) => outcome !== 'not-checked').length
  const inTime = ({ window }: Appraisal): boolean => window.from <= time && time <= window.until
  const isAgainst = ({ checks }: Appraisal): boolean =>
    checks.some(({ reason }) => AGAINST.includes(reason)) &&
    // Under a chain that does not hold, anybody can say so.
    checks.every(({ check: name, outcome }) => name !== 'chain' || outcome === 'pass')
  const against = appraisals.find(one => inTime(one) && isAgainst(one))
  if (against !== undefined) return against
  return appraisals.reduce((best, one) => {
    if (inTime(best) !== inTime(one)) return inTime(one) ? one : best
    if (known(best) !== known(one)) return known(one) > known(best) ? one : best
    return one.window.from > best.window.from ? one : best
  })
}

function read(item: EvidenceItem, formats: readonly AnyFormat[]): ReadItem {
  const format = evidenceFormat(item.format, formats)
  if (format === undefined)
    return { item, error: new AnswerableError('unknown-format', `no verifier for ${item.format}`) }
  try {
    return { item, format, parsed: format.parse(item.bytes) }
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return { item, format, error }
  }
}

function unmetBy({ appraisal, error }: AppraisedItem, what: string): string[] {
  if (error !== undefined) return [`${what} cannot be read: ${error.code}`]
  return (appraisal?.verdict.unmet ?? []).map(line => `${what}: ${line}`)
}

/** Names of the checks for which the whole is not met; what cannot be read has no signature to check. */
function stoodInTheWay(items: readonly AppraisedItem[], checks: readonly Check[]): CheckName[] {
  return [
    ...items.flatMap(({ appraisal }) => appraisal?.verdict.checks ?? ['signature' as const]),
    ...checks.flatMap(one => (one.outcome === 'fail' ? one.check : [])),
  ]
}

/** Which devices it is of, by their makers' numbers for them, as far as it says. */
function namesOf(appraisal: Appraisal | undefined): string[] {
  const { device, devices } = appraisal?.facts ?? {}
  const listed = Array.isArray(devices) ? devices.map(one => (one as JsonObject).id) : []
  return [device, ...listed].filter(one => typeof one === 'string')
}

/** Devices belong to the machine when they were asked with the log's nonce, and what they said is in its binding. */
function devicesCheck(machine: AppraisedItem, devices: readonly AppraisedItem[]): Check {
  if (DEVICE_FORMATS.includes(machine.format))
    return check(
      'devices',
      'fail',
      'device-not-bound',
      'evidence of a device, and none of the machine that it is in',
    )
  if (devices.length === 0) return check('devices', 'not-checked', 'no-devices', 'it tells of no devices')
  const machines = devices.findIndex(({ format }) => !DEVICE_FORMATS.includes(format))
  if (machines >= 0)
    return check(
      'devices',
      'fail',
      'device-rejected',
      `what is said of device ${machines + 1} is of a machine`,
    )
  const failed = (name: Check['check']) =>
    devices.findIndex(({ appraisal }) =>
      appraisal?.checks.some(({ check: one, outcome }) => one === name && outcome === 'fail'),
    )
  const stray = failed('nonce')
  if (stray >= 0)
    return check(
      'devices',
      'fail',
      'device-not-bound',
      `device ${stray + 1} was not asked with the nonce of this node: it may be another machine's`,
    )
  const rejected = devices.findIndex(({ appraisal }) => appraisal?.verdict.met !== true)
  if (rejected >= 0) {
    const { appraisal } = devices[rejected]!
    const why = `device ${rejected + 1}: ${appraisal?.verdict.unmet.join('; ') ?? 'it cannot be read'}`
    return appraisal?.checks.every(({ outcome }) => outcome !== 'fail')
      ? check('devices', 'not-checked', 'device-incomplete', why)
      : check('devices', 'fail', 'device-rejected', why)
  }
  const named = devices.map(({ appraisal }) => namesOf(appraisal))
  const again = named.findIndex((names, i) =>
    names.some(name => named.slice(0, i).some(before => before.includes(name))),
  )
  if (again >= 0)
    return check(
      'devices',
      'fail',
      'device-rejected',
      `device ${again + 1} is one of those before it: one that is asked twice is not two`,
    )
  return check(
    'devices',
    'pass',
    'devices-bound',
    'the machine had their evidence signed along, asked with its own nonce',
  )
}
