/** The models in the store. */
import { ModelStore } from '@answerable/node/model-store'
import { expectPositionals, readArguments } from '../command.ts'
import { storeFolder } from '../home.ts'
import { byteWords } from '../output/bytes.ts'
import { dim, print, printJson } from '../output/style.ts'
import { pad, plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'

const WIDTHS = [26, 12, 12]

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    store: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const store = new ModelStore(values.store ?? storeFolder())
  const models = await store.list()
  if (values.json) {
    printJson({ models: models.map(model => ({ ...model, path: store.filesPath(model.manifest) })) })
    return 0
  }
  if (models.length === 0) {
    print(...wrap(`No models in ${store.folder}. Fetch one: ${asTyped('model pull URL')}`))
    return 0
  }
  print(dim(row(['name', 'version', 'size'], 'manifest')))
  for (const { name, version, manifest, files, signer } of models) {
    const size = files.reduce((sum, file) => sum + file.size, 0)
    print(row([plain(name), plain(version), byteWords(size)], `${manifest.slice(0, 16)}…`))
    const by = plain(signer).replace(/\b([0-9a-f]{16})[0-9a-f]{48}\b/g, '$1…')
    print(...wrap(`signed by ${by}`, 4).map(dim))
  }
  return 0
}

function row(cells: string[], last: string): string {
  return `  ${cells.map((cell, i) => pad(cell, WIDTHS[i]!)).join('')}${last}`
}
