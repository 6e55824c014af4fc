/** Checking a model: who signed its manifest, and whether its files are those that were signed. */
import { type AnswerableError, errorCode } from '@answerable/core'
import {
  compareManifest,
  type Difference,
  isSame,
  MAX_SIGNATURE_BYTES,
  ONE_FILE,
} from '@answerable/core/model'
import {
  type CheckedSignature,
  checkSignature,
  digestModel,
  listModelFiles,
} from '@answerable/node/model-store'
import { expectPositionals, readArguments } from '../command.ts'
import { readInput } from '../input.ts'
import { readSignerTrust, SIGNER_OPTIONS, signerWords } from '../model-trust.ts'
import { withProgress } from '../output/bytes.ts'
import { bad, dim, good, print, printJson } from '../output/style.ts'
import { count, labelled, plain, wrap } from '../output/text.ts'
import { signaturePath } from './model-sign.ts'

/** What is a finding about the model, and not unusable input. */
const FINDINGS = new Set(['bad-signature', 'bad-certificate'])

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    ...SIGNER_OPTIONS,
    signature: { type: 'string' },
    'ignore-unsigned': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  const [path] = expectPositionals(positionals, 'PATH')
  const trust = await readSignerTrust(values)
  const signature = values.signature ?? signaturePath(path)
  const bytes = await readInput(signature, MAX_SIGNATURE_BYTES)
  let checked: CheckedSignature
  try {
    checked = await checkSignature(bytes, trust)
  } catch (error) {
    if (!FINDINGS.has(errorCode(error))) throw error
    const { code, message } = error as AnswerableError
    if (values.json) printJson({ model: path, good: false, reason: code, message })
    else print(...wrap(`${bad('FAIL')} ${plain(message)} (${code})`))
    return 1
  }
  const { manifest } = checked
  const listed = await listModelFiles(path, { signature, ignore: manifest.ignorePaths })
  const difference = compareManifest(manifest, await withProgress(told => digestModel(listed, told)))
  // A single file may be checked against the manifest of a folder that it is from.
  const single = listed.files.length === 1 && manifest.resources.length > 1
  if (single && manifest.resources[0]?.name !== ONE_FILE && difference.extra.length === 0)
    difference.missing = []
  if (values['ignore-unsigned']) difference.extra = []
  const same = isSame(difference)
  if (values.json)
    printJson({ model: path, good: same, signer: checked.signer, manifest: checked.digest, ...difference })
  else print(...lines(checked, difference, manifest.resources.length))
  return same ? 0 : 1
}

function lines({ signer, digest }: CheckedSignature, difference: Difference, files: number): string[] {
  const head = [
    ...labelled('signed by', plain(signerWords(signer))),
    ...labelled('manifest', digest),
    ...labelled('files', `${count(files, 'file')} in the manifest`),
  ]
  const limits = dim('Not shown: that the model is good, or that an answer came from it.')
  if (isSame(difference)) return [...head, good('The files are those that were signed.'), limits]
  const list = (['altered', 'missing', 'extra'] as const).flatMap(kind =>
    difference[kind].flatMap(name => wrap(`- ${kind}: ${plain(name)}`, 2)),
  )
  return [...head, bad('These files are not those that were signed:'), ...list]
}
