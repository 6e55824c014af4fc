/** Stating a signed model in the registry, by its manifest: from then on receipts can rest on it. */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import {
  CARD_FILE,
  MAX_CARD_BYTES,
  type ModelCard,
  manifestDigest,
  parseManifest,
  parseModelCard,
  parseModelSignature,
} from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { readInput } from '../input.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'
import { signaturePath } from './model-sign.ts'

const MAX_SIGNATURE = 16 << 20

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    signature: { type: 'string' },
    card: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [path] = expectPositionals(positionals, 'PATH')
  const file = values.signature ?? signaturePath(path)
  const signature = parseModelSignature(await readInput(file, MAX_SIGNATURE))
  const { resources } = parseManifest(signature.payload, nodeSuite)
  const manifest = manifestDigest(signature.payload, nodeSuite)
  const cardPath = values.card ?? join(path, CARD_FILE)
  const bytes = await readInput(cardPath, MAX_CARD_BYTES)
  const card = parseModelCard(bytes)
  // In a folder the card is one of the files that were signed; what is stated must be what was.
  const signed = resources.find(({ name }) => name === CARD_FILE)
  if (signed !== undefined && signed.sha256 !== nodeSuite.sha256Hex(bytes))
    throw new AnswerableError('model-altered', `${cardPath}: not the card that ${file} signed`)
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const said = await speak(member, replayed, 'model', { ...stated(card), manifest })
  if (values.json) printJson({ ...said, name: card.name, version: card.version, manifest })
  else
    print(
      `${good('Stated')}: ${plain(card.name)} ${plain(card.version)} (entry ${said.index}).`,
      ...labelled('manifest', manifest),
      ...labelled('publisher', `${member.membership.member}, under its own key`),
      ...wrap(
        'A gateway that serves it from this signature names the manifest in each record. Receipts then show who stated the model; not that these weights answered.',
      ),
    )
  return 0
}

/** The card as the registry takes it. */
function stated({ name, version, licence, intendedUse, limits, format }: ModelCard) {
  return { name, version, licence, intendedUse, limits: limits.join('\n'), format }
}
