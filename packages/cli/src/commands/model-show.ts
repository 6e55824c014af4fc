/** What a model says of itself: the header of its files, its card, and which manifest it is said to have. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import {
  CARD_FILE,
  formatOf,
  type ModelCard,
  type ModelHeader,
  manifestDigest,
  parseModelCard,
  parseModelSignature,
  type TensorInfo,
} from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { listModelFiles, ModelStore, readHeaderOf } from '@answerable/node/model-store'
import { expectPositionals, readArguments } from '../command.ts'
import { storeFolder } from '../home.ts'
import { byteWords } from '../output/bytes.ts'
import { bold, dim, print, printJson } from '../output/style.ts'
import { count, labelled, plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { signaturePath } from './model-sign.ts'

/** Files whose headers are shown; a model in more pieces says the same in each. */
const MOST_FILES = 8
const MOST_TENSORS = 6

interface Shown {
  name: string
  size: number
  header: ModelHeader | { problem: string }
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    store: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [what] = expectPositionals(positionals, 'PATH or NAME')
  const store = new ModelStore(values.store ?? storeFolder())
  const stored = existsSync(what) ? undefined : await store.find(what)
  const path = stored === undefined ? what : store.filesPath(stored.manifest)
  const signature = stored === undefined ? signaturePath(what) : store.signaturePath(stored.manifest)
  const { name, folder, files } = await listModelFiles(path, { signature })
  const models = files.filter(file => formatOf(file.name, new Uint8Array(0)) !== undefined)
  const shown = models.slice(0, MOST_FILES).map(file => ({ ...file, header: headerOf(file.path) }))
  if (shown.length === 0 && files.length === 1) shown.push({ ...files[0]!, header: headerOf(files[0]!.path) })
  const cardPath = statSync(path).isDirectory() ? join(folder, CARD_FILE) : undefined
  const card = cardPath !== undefined && existsSync(cardPath) ? readCard(cardPath) : undefined
  const manifest = stored?.manifest ?? digestIn(signature)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (values.json) {
    const list = shown.map(({ name: file, size, header }) => ({ name: file, size, header }))
    printJson({
      model: stored?.name ?? name,
      path,
      files: files.length,
      bytes,
      manifest,
      card,
      headers: list,
    })
    return 0
  }
  print(
    bold(plain(stored?.name ?? name)),
    ...labelled('files', `${count(files.length, 'file')}, ${byteWords(bytes)}`),
  )
  print(...cardLines(card, shown))
  if (manifest !== undefined)
    print(...labelled('manifest', manifest), ...wrap(`Who signed it: ${asTyped('model check')}`, 15).map(dim))
  else print(...labelled('manifest', 'no signature file here'))
  for (const file of shown) print('', ...fileLines(file))
  if (models.length > MOST_FILES) print('', dim(`  and ${models.length - MOST_FILES} more files`))
  return 0
}

function headerOf(path: string): Shown['header'] {
  try {
    return readHeaderOf(path)
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return { problem: error.message }
  }
}

function readCard(path: string): ModelCard {
  try {
    return parseModelCard(readFileSync(path))
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    throw new AnswerableError(cause.code, `${path}: ${cause.message}`, { cause })
  }
}

function digestIn(signature: string): string | undefined {
  if (!existsSync(signature)) return undefined
  return manifestDigest(parseModelSignature(readFileSync(signature)).payload, nodeSuite)
}

/** The publisher's words; where there is no card, what licence the files themselves name. */
function cardLines(card: ModelCard | undefined, files: readonly Shown[]): string[] {
  const licence =
    card?.licence ?? files.map(({ header }) => licenceIn(header)).find(found => found !== undefined)
  const lines = labelled('licence', licence === undefined ? 'none is named' : plain(licence))
  if (card === undefined) return [...lines, ...labelled('card', `none (${CARD_FILE})`)]
  return [
    ...labelled('version', plain(card.version)),
    ...lines,
    ...labelled('publisher', plain(card.publisher)),
    ...labelled('for', plain(card.intendedUse)),
    ...card.limits.flatMap((limit, i) => labelled(i === 0 ? 'limits' : '', `- ${plain(limit)}`)),
    ...(card.limits.length === 0 ? labelled('limits', 'none are declared') : []),
  ]
}

function licenceIn(header: Shown['header']): string | undefined {
  if ('problem' in header) return undefined
  const { metadata } = header
  const found = metadata['general.license'] ?? metadata.license ?? metadata.licence
  return typeof found === 'string' && found !== '' ? found : undefined
}

function fileLines({ name, size, header }: Shown): string[] {
  const head = `${bold(plain(name))}  ${dim(byteWords(size))}`
  if ('problem' in header) return [head, ...labelled('header', plain(header.problem))]
  return [
    head,
    ...factLines(header),
    ...(header.complete ? [] : labelled('', 'There is more: its header goes on beyond what is read.')),
  ]
}

function factLines(header: ModelHeader): string[] {
  if (header.format === 'onnx') {
    const opsets = header.opsets.map(({ domain, version }) => `${domain || 'ai.onnx'} ${version}`)
    return [
      ...labelled('format', `ONNX, IR version ${header.irVersion}; operators of ${plain(opsets.join(', '))}`),
      ...labelled('made by', plain(`${header.producer || 'unknown'} ${header.producerVersion}`)),
      ...labelled(
        'graph',
        `${count(header.operators, 'operator')}, ${count(header.tensors, 'stored tensor')}`,
      ),
      ...tensorLines('inputs', header.inputs),
      ...tensorLines('outputs', header.outputs),
    ]
  }
  const types = Object.entries(header.tensorTypes).map(([type, number]) => `${number} ${type}`)
  const tensors = `${count(header.tensors, 'tensor')} (${plain(types.join(', ')) || 'none read'})`
  const weights = `${header.parameters.toLocaleString('en')} weights`
  if (header.format === 'safetensors')
    return [...labelled('format', 'safetensors'), ...labelled('tensors', `${tensors}, ${weights}`)]
  return [
    ...labelled('format', `GGUF version ${header.version}`),
    ...labelled(
      'model',
      plain(`${header.name || 'unnamed'}, ${header.architecture || 'of no architecture'}`),
    ),
    ...labelled('quantised', plain(header.quantisation || 'unknown')),
    ...labelled('tensors', `${tensors}, ${weights}`),
    ...labelled('metadata', count(Object.keys(header.metadata).length, 'entry', 'entries')),
  ]
}

function tensorLines(label: string, tensors: readonly TensorInfo[]): string[] {
  const shown = tensors
    .slice(0, MOST_TENSORS)
    .flatMap(({ name, type, shape }, i) =>
      labelled(i === 0 ? label : '', plain(`${name}: ${type} [${shape.join(', ')}]`)),
    )
  const more = tensors.length - MOST_TENSORS
  return more > 0 ? [...shown, ...labelled('', `and ${more} more`)] : shown
}
