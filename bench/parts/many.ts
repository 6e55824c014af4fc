/** `fill FOLDER COUNT` writes a log of that many digests; `open FOLDER COUNT` starts on it. Prints one line of JSON. */
import { join } from 'node:path'
import { Log, loadKey, nodeSuite, noteSigner } from '@answerable/node/log'
import { FileStorage, realDisk } from '@answerable/node/storage'

const [what, folder = '', count] = process.argv.slice(2)
const start = performance.now()
const storage = await FileStorage.open(realDisk, folder, { entryOf: nodeSuite.sha256 })
const signer = noteSigner('bench.example/log', await loadKey(realDisk, join(folder, 'key.pem')))
const log = await Log.open({ disk: realDisk, folder, storage, signer, suite: nodeSuite, entries: 'digest' })

if (what === 'fill') {
  const none = new Uint8Array(0)
  let next = log.signed.size
  const caller = async () => {
    while (next < Number(count)) {
      const statement = Buffer.from(`statement ${next++}`)
      await log.append({ statement, entry: nodeSuite.sha256(statement), content: none })
      if (next % 500_000 === 0) await log.publish()
    }
  }
  await Promise.all(Array.from({ length: 4096 }, caller))
  await log.close()
  console.log('{}')
} else {
  const milliseconds = performance.now() - start
  if (log.signed.size !== Number(count)) throw new Error(`${log.signed.size} entries`)
  await log.prove(Math.floor(Number(count) / 3))
  console.log(JSON.stringify({ milliseconds, residentMegabytes: process.memoryUsage().rss / 1e6 }))
}
