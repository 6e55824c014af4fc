/** A member that joins late: how long until it has and has checked the whole registry, from another process. */
import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noteSigner } from '@answerable/node/log'
import { Mirror, RegistryBook, RegistryClient } from '@answerable/node/registry'
import { realDisk } from '@answerable/node/storage'
import { atMost, forTheRecord, type Row } from './rows.ts'

const ENTRIES = 100_000
const MEMBERS = 1000

export async function joining(say: (line: string) => void): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
  say(`a host of ${ENTRIES} statements starts`)
  const child = fork(
    new URL('../parts/registry-host.ts', import.meta.url),
    [String(ENTRIES), String(MEMBERS), folder],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  )
  try {
    const line = await new Promise<string>((resolve, reject) => {
      let text = ''
      child.stdout!.on('data', chunk => {
        text += chunk
        if (text.includes('\n')) resolve(text)
      })
      child.once('exit', code => reject(new Error(`the host ended with ${code}`)))
    })
    const { port, network } = JSON.parse(line) as { port: number; network: string }
    say('a member joins')
    const signer = noteSigner('joiner.example/registry', generateKeyPairSync('ed25519').privateKey)
    const book = await RegistryBook.open({ disk: realDisk, folder: join(folder, 'joiner'), signer })
    const mirror = await Mirror.open({
      book,
      disk: realDisk,
      folder: join(folder, 'joiner'),
      network,
      member: 'joiner.example',
    })
    const before = process.memoryUsage().rss
    const start = performance.now()
    await mirror.follow(new RegistryClient({ url: `http://127.0.0.1:${port}` }))
    const seconds = (performance.now() - start) / 1000
    if (book.size !== ENTRIES || mirror.official?.size !== ENTRIES) throw new Error('it has not caught up')
    const grown = (process.memoryUsage().rss - before) / 2 ** 20
    await book.close()
    return [
      atMost(`a joining member has and has checked ${ENTRIES} statements`, seconds, 's', 30),
      forTheRecord('resident memory that it took', grown, 'MB'),
    ]
  } finally {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
