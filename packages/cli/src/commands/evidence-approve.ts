/** Approving an image: its measurements are of something that this member has looked at. */
import { AnswerableError, type JsonObject } from '@answerable/core'
import { parseReferenceValue, type ReferenceValue, readEndorsementFile } from '@answerable/core/evidence'
import { referenceId } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments, required } from '../command.ts'
import { inFile, readInput } from '../input.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'

const OPTIONS = {
  format: { type: 'string' },
  measurement: { type: 'string', multiple: true },
  image: { type: 'string' },
  role: { type: 'string' },
  weights: { type: 'string' },
  'weights-by': { type: 'string' },
  source: { type: 'string' },
  reproducible: { type: 'boolean', default: false },
  bundle: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const
type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values']

const MAX_FILE = 1 << 20

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS)
  const reference =
    positionals.length === 0
      ? await fromOptions(values)
      : await fromFile(expectPositionals(positionals, 'FILE')[0], values)
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const body = { reference: reference as unknown as JsonObject }
  const said = await speak(member, replayed, 'reference-value', body)
  const id = referenceId(reference, nodeSuite)
  if (values.json) printJson({ id, ...said, reference })
  else
    print(
      `${good('Approved')}: ${plain(reference.image)} (entry ${said.index}).`,
      `  image        ${id}`,
      ...labelled('by', `${member.membership.member}, under its own key`),
      ...wrap('Who relies on this member’s word takes evidence with these measurements for that image.'),
    )
  return 0
}

async function fromFile(path: string, values: Values): Promise<ReferenceValue> {
  const { data: _, json: __, reproducible, ...others } = values
  if (reproducible || Object.values(others).some(one => one !== undefined))
    throw new AnswerableError('bad-request', 'a file says all of it; leave the other options out')
  const bytes = await readInput(path, MAX_FILE)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw new AnswerableError('bad-request', `${path}: is not JSON`, { cause })
  }
  return parseReferenceValue(value, path)
}

async function fromOptions(values: Values): Promise<ReferenceValue> {
  const { format, measurement, image, role, weights, source, reproducible, bundle } = values
  const by = values['weights-by']
  if ((weights === undefined) !== (by === undefined))
    throw new AnswerableError('bad-request', '--weights and --weights-by go together; see --help')
  const provenance = {
    ...(bundle !== undefined && { bundle: nodeSuite.sha256Hex(await readBundle(bundle)) }),
    ...(source !== undefined && { source }),
    ...(reproducible && { reproducible }),
  }
  const value = {
    format: required(format, '--format'),
    measurements: Object.fromEntries(required(measurement, '--measurement').map(pair)),
    image: required(image, '--image'),
    role: required(role, '--role'),
    ...(weights !== undefined && { weights: { manifest: weights, by } }),
    ...(Object.keys(provenance).length > 0 && { provenance }),
  }
  return parseReferenceValue(value, 'the image')
}

/** A bundle's exact bytes: what is named by digest is to be one. */
async function readBundle(path: string): Promise<Uint8Array> {
  const bytes = await readInput(path, MAX_FILE)
  const [one] = inFile(path, () => readEndorsementFile(bytes))
  if (one?.kind !== 'sigstore-bundle')
    throw new AnswerableError('bad-request', `${path}: expected a Sigstore bundle`)
  return bytes
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new AnswerableError('bad-request', `--measurement ${plain(text)}: expected NAME=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}
