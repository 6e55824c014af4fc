/** `COUNT MEMBERS FOLDER`: serves a registry of that many entries as its host, cosigned by all its validators. */

import { formatNote, parseNote, withSignatures } from '@answerable/core/note'
import { cosign } from '@answerable/core/tlog'
import { Host, Mirror, RegistryBook, RegistryDocuments, registryApp } from '@answerable/node/registry'
import { realDisk } from '@answerable/node/storage'
import { serve } from '@hono/node-server'
import { busyRegistry } from '../lib/registry.ts'

const [count, members, folder = ''] = process.argv.slice(2)
const { entries, network, host, witnesses } = busyRegistry(Number(count), Number(members))
const book = await RegistryBook.open({ disk: realDisk, folder: `${folder}/book`, signer: host })
for (let at = 0; at < entries.length; at += 1024) await book.append(entries.slice(at, at + 1024))
const mirror = await Mirror.open({ book, disk: realDisk, folder, network, member: 'validator-0' })
await book.log.publish()
const note = parseNote(book.log.published.note)
const time = Math.floor(Date.now() / 1000)
const cosigned = formatNote(
  withSignatures(
    note,
    witnesses.map(one => cosign(note.text, one, time)),
  ),
)
const documents = await RegistryDocuments.open(realDisk, `${folder}/documents`)
const app = registryApp({ book, host: new Host(book), mirror, documents, published: () => cosigned })
serve(
  {
    fetch: request => app.fetch(new Request(request.url.replace('/registry/', '/'), request)),
    port: 0,
    hostname: '127.0.0.1',
  },
  ({ port }) => {
    console.log(JSON.stringify({ port, network }))
  },
)
