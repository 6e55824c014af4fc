/** Signing a model: its manifest, in the form of OpenSSF Model Signing. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { manifestDigest } from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { digestModel, listModelFiles, readCertificates, signModel } from '@answerable/node/model-store'
import { expectPositionals, readArguments, required } from '../command.ts'
import { replaceFile } from '../home.ts'
import { readInput } from '../input.ts'
import { withProgress } from '../output/bytes.ts'
import { good, print, printJson } from '../output/style.ts'
import { count, labelled, plain } from '../output/text.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    key: { type: 'string' },
    certificate: { type: 'string', multiple: true },
    ignore: { type: 'string', multiple: true },
    output: { type: 'string', short: 'o' },
    json: { type: 'boolean', default: false },
  })
  const [path] = expectPositionals(positionals, 'PATH')
  const privateKey = readPrivateKey(await readInput(required(values.key, '--key'), 64 * 1024), values.key!)
  const certificates = []
  for (const file of values.certificate ?? [])
    certificates.push(...readCertificates(Buffer.from(await readInput(file, 1 << 20)).toString()))
  const signature = values.output ?? signaturePath(path)
  const ignore = values.ignore ?? []
  const listed = await listModelFiles(path, { signature, ignore })
  const resources = await withProgress(told => digestModel(listed, told))
  const { manifest, bytes, key } = signModel({
    name: listed.name,
    resources,
    privateKey,
    certificates,
    ...(ignore.length > 0 && { ignorePaths: ignore }),
  })
  replaceFile(signature, bytes, 0o644)
  const digest = manifestDigest(manifest, nodeSuite)
  if (values.json) printJson({ signature, manifest: digest, key: key.id, files: resources })
  else
    print(
      `${good('Signed')} ${count(resources.length, 'file')} of ${plain(listed.name)}.`,
      ...labelled('signature', plain(signature)),
      ...labelled('manifest', digest),
      ...labelled('key', key.id),
    )
  return 0
}

/** Where a model's signature is, unless told: in its folder, or beside its file. */
export function signaturePath(path: string): string {
  const isFolder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  return isFolder ? join(path, 'model.sig') : `${path}.sig`
}

function readPrivateKey(bytes: Uint8Array, path: string): KeyObject {
  try {
    return createPrivateKey(Buffer.from(bytes))
  } catch (cause) {
    throw new AnswerableError('bad-key', `${path}: not a private key in PEM without a password`, { cause })
  }
}
