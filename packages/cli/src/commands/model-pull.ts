/** Fetching a model that another node shares, into the store. */
import { AnswerableError } from '@answerable/core'
import { listOffered, ModelStore, pullModel } from '@answerable/node/model-store'
import { numberOption, readArguments } from '../command.ts'
import { storeFolder } from '../home.ts'
import { readUrl } from '../http.ts'
import { readSignerTrust, SIGNER_OPTIONS } from '../model-trust.ts'
import { byteWords, withProgress } from '../output/bytes.ts'
import { good, print, printJson } from '../output/style.ts'
import { count, labelled, plain } from '../output/text.ts'
import { onStop } from '../stop.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    ...SIGNER_OPTIONS,
    store: { type: 'string' },
    most: { type: 'string', default: '100' },
    timeout: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  })
  const [address, name, ...rest] = positionals
  if (address === undefined || rest.length > 0)
    throw new AnswerableError('bad-request', 'expected URL and at most one NAME; see --help')
  const url = readUrl(address)
  const trust = await readSignerTrust(values)
  const most = numberOption(values.most, '--most', 0, 100_000) * 1e9
  const idleMs = numberOption(values.timeout, '--timeout', 0.1, 3600) * 1000
  const store = new ModelStore(values.store ?? storeFolder())
  const offers = await listOffered({ url, idleMs })
  const names = offers.map(offer => plain(offer.name)).join(', ') || 'none'
  const offered =
    name === undefined ? offers[0] : offers.find(offer => offer.name === name || offer.manifest === name)
  if (offered === undefined || (name === undefined && offers.length > 1))
    throw new AnswerableError('not-found', `${url.origin} shares ${names}; name one of them`)
  // What has come stays, and the next run goes on from there.
  const signal = onStop()
  const model = await withProgress(progress =>
    pullModel(offered, { url, store, trust, most, idleMs, signal, progress }),
  )
  const path = store.filesPath(model.manifest)
  const size = model.files.reduce((sum, file) => sum + file.size, 0)
  if (values.json) printJson({ ...model, path })
  else
    print(
      `${good('Fetched')} ${plain(model.name)} ${plain(model.version)}: ${count(model.files.length, 'file')}, ${byteWords(size)}.`,
      ...labelled('signed by', plain(model.signer)),
      ...labelled('manifest', model.manifest),
      ...labelled('files', plain(path)),
    )
  return 0
}
