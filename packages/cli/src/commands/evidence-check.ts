/** Checking evidence of hardware by itself: who signed it, what it says, and whether the reader's policy is met. */
import { AnswerableError } from '@answerable/core'
import {
  type Appraisal,
  appraise,
  bindingFromHex,
  check,
  DEFAULT_EVIDENCE_POLICY,
  DEVICE_FORMATS,
  type DocumentAppraisal,
  DocumentAppraiser,
  type Endorsement,
  type EvidencePolicy,
  endorsementsFrom,
  evidenceFormat,
  type FoundEvidence,
  MAX_ENDORSEMENT_BYTES,
  MAX_EVIDENCE_BYTES,
  parseEvidencePolicy,
  readEndorsementFile,
  readEvidence,
} from '@answerable/core/evidence'
import { nodeSuite } from '@answerable/node/log'
import { readArguments } from '../command.ts'
import { inFile, readInput, readTime } from '../input.ts'
import {
  type CheckedEvidence,
  type CheckedFile,
  evidenceJson,
  evidenceLines,
  type Overall,
} from '../output/evidence.ts'
import { print, printJson } from '../output/style.ts'

const MOST_DATA = 64

interface Asked {
  time: number
  policy: EvidencePolicy
  endorsements: readonly Endorsement[]
  binding?: Uint8Array
  nonce?: Uint8Array
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals: files } = readArguments(args, {
    'as-of': { type: 'string' },
    policy: { type: 'string' },
    collateral: { type: 'string', multiple: true, default: [] },
    'report-data': { type: 'string' },
    nonce: { type: 'string' },
    example: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  if (values.example) return showExamples(files, values.json)
  if (files.length === 0) throw new AnswerableError('bad-request', 'FILE is missing; see --help')
  if ([...files, ...values.collateral, values.policy].filter(path => path === '-').length > 1)
    throw new AnswerableError('bad-request', 'standard input (-) can be only one of the files')
  const binding = hexOption(values['report-data'], '--report-data')
  const nonce = hexOption(values.nonce, '--nonce')
  const asked: Asked = {
    time: values['as-of'] === undefined ? Date.now() : readTime(values['as-of'], '--as-of'),
    policy: values.policy === undefined ? DEFAULT_EVIDENCE_POLICY : await readPolicy(values.policy),
    endorsements: (await Promise.all(values.collateral.map(readCollateral))).flat(),
    ...(binding && { binding }),
    ...(nonce && { nonce }),
  }
  const read = await Promise.all(files.map(async file => ({ file, ...(await readFile(file)) })))
  const devices = read.some(({ found }) => found.some(isDevice))
  const checked = read.map(({ file, found, document }): CheckedFile => {
    if (document === undefined)
      return { file, evidence: found.map(one => ({ ...one, appraisal: alone(one, asked, devices) })) }
    // Its own log: whether a record is in that one, only a receipt can say.
    const { policy, endorsements, time } = asked
    const appraiser = new DocumentAppraiser(document, {
      log: document.log,
      policy,
      archives: [endorsements],
      suite: nodeSuite,
    })
    const whole = appraiser.at(time)
    return { file, document: { log: document.log, ...whole }, evidence: partsOf(found, whole) }
  })
  const verdict = verdictOf(checked)
  const name = values.policy ?? 'default'
  if (values.json) printJson(evidenceJson(checked, { time: asked.time, policy: name, verdict }))
  else print(...evidenceLines(checked, { time: asked.time, policy: name, verdict }))
  return verdict.met ? 0 : 1
}

/** Exits with 0 where each comes out as it should, the rejected ones too. */
async function showExamples(files: readonly string[], json: boolean): Promise<number> {
  if (files.length > 0) throw new AnswerableError('bad-request', '--example takes no FILE; see --help')
  const { exampleEvidence } = await import('@answerable/node/attester')
  const { checkExamples, exampleJson, exampleLines } = await import('../output/example-evidence.ts')
  const examples = checkExamples(exampleEvidence(Date.now()))
  if (json) printJson(exampleJson(examples))
  else print(...exampleLines(examples))
  return examples.every(({ good, appraisal }) => appraisal.verdict.met === good) ? 0 : 1
}

function isDevice({ format }: { format: FoundEvidence['format'] }): boolean {
  return DEVICE_FORMATS.includes(format)
}

/**
 * Evidence that is part of nothing. Report data are a machine's; and where there are devices, they are who was asked with
 * the nonce.
 */
function alone(found: FoundEvidence, asked: Asked, devices: boolean): Appraisal {
  const { time, policy, binding, nonce } = asked
  const device = isDevice(found)
  const appraisal = appraise(evidenceFormat(found.format)!, found.parsed, {
    time,
    policy,
    endorsements: endorsementsFrom([...found.endorsements, ...asked.endorsements]),
    suite: nodeSuite,
    ...(binding && !device && { binding }),
    ...(nonce && (device || !devices) && { nonce }),
  })
  if (device)
    appraisal.checks.push(
      check(
        'devices',
        'not-checked',
        'device-alone',
        'only evidence of a machine can say that this device is in it',
      ),
    )
  return appraisal
}

/** Machine and devices of a document, in its order. */
function partsOf(found: readonly FoundEvidence[], whole: DocumentAppraisal): CheckedEvidence[] {
  const appraised = [whole.machine, ...whole.devices]
  return found.flatMap((one, i) => {
    const appraisal = appraised[i]?.appraisal
    return appraisal === undefined ? [] : [{ ...one, appraisal }]
  })
}

/** All of it must meet the policy. What stands in the way is said with the file that it is of, where there are several. */
function verdictOf(checked: readonly CheckedFile[]): Overall['verdict'] {
  const unmet = checked.flatMap(({ file, document, evidence }) => {
    const lines =
      document?.verdict.unmet ??
      evidence.flatMap(({ format, appraisal }) =>
        appraisal.verdict.unmet.map(line => (evidence.length > 1 ? `${format}: ${line}` : line)),
      )
    return checked.length > 1 ? lines.map(line => `${file}: ${line}`) : lines
  })
  return { met: unmet.length === 0, unmet }
}

async function readFile(file: string) {
  const bytes = await readInput(file, MAX_EVIDENCE_BYTES)
  return inFile(file, () => readEvidence(bytes))
}

async function readPolicy(file: string): Promise<EvidencePolicy> {
  const bytes = await readInput(file, 1024 * 1024)
  return inFile(file, () => parseEvidencePolicy(bytes))
}

async function readCollateral(file: string): Promise<Endorsement[]> {
  const bytes = await readInput(file, 2 * MAX_ENDORSEMENT_BYTES)
  return inFile(file, () => readEndorsementFile(bytes))
}

function hexOption(text: string | undefined, option: string): Uint8Array | undefined {
  if (text === undefined) return undefined
  if (/^([0-9a-f]{2})+$/i.test(text) && text.length <= 2 * MOST_DATA) return bindingFromHex(text)
  throw new AnswerableError('bad-request', `${option}: expected hex, of ${MOST_DATA} bytes at most`)
}
