import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeLog } from '../audit/log.fixture.ts'
import { answerable, finished, serveWith, start, temporaryFolder } from '../cli.fixture.ts'

async function served(size = 300): Promise<{ log: FakeLog; url: string; home: string }> {
  const log = new FakeLog('example.com/log', size)
  const url = await serveWith((request, response) => log.handle(request, response))
  return { log, url, home: temporaryFolder() }
}

/** A log of the same name and key with other entries. */
function other(size: number): FakeLog {
  return new FakeLog('example.com/log', size, 'other')
}

test('a log is whole, and stays so as it grows', async () => {
  const { log, url, home } = await served()
  const args = ['log', 'check', url, '--vkey', log.vkey]
  const first = await answerable(args, { home })
  assert.equal(first.status, 0, first.err)
  assert.match(first.out, /The log is whole/)
  assert.match(first.out, /Seen for the first time/)
  for (let i = 0; i < 50; i++) log.append(Buffer.from(`entry ${i}`))
  const second = await answerable([...args, '--json'], { home })
  assert.equal(second.status, 0, second.err)
  const { whole, logs } = JSON.parse(second.out)
  assert.equal(whole, true)
  assert.equal(logs[0].size, 350)
  assert.deepEqual(logs[0].faults, [])
  assert.equal(logs[0].continues[0].size, 300)
  const [file] = readdirSync(join(home, 'logs'))
  assert.equal(statSync(join(home, 'logs', file!)).mode & 0o777, 0o600)
  assert.equal(readFileSync(join(home, 'logs', file!), 'utf8'), log.sign())
})

test('a log whose key nobody knows is not looked at', async () => {
  const { url, home } = await served()
  const { status, words } = await answerable(['log', 'check', url], { home })
  assert.equal(status, 2)
  assert.match(words, /no trusted network has the log example.com\/log/)
})

test('a checkpoint from elsewhere that is none is said with its file', async () => {
  const { log, url, home } = await served()
  const file = join(home, 'elsewhere')
  writeFileSync(file, 'garbage')
  const { status, words } = await answerable(['log', 'check', url, '--vkey', log.vkey, '--from', file], {
    home,
  })
  assert.equal(status, 2)
  assert.ok(words.includes(`${file}: note`), words)
})

test('altered tiles and entries, and a wrong signature, are exit 1', async () => {
  const { log, url, home } = await served()
  const args = ['log', 'check', url, '--vkey', log.vkey]
  log.flip('tile/0/000', 9)
  const tile = await answerable(args, { home })
  assert.equal(tile.status, 1)
  assert.match(tile.out, /1 fault:/)
  assert.match(tile.out, /tile-mismatch/)
  log.lies.clear()
  log.flip('tile/entries/000', 9)
  assert.match((await answerable(args, { home })).out, /entry-mismatch/)
  log.lies.clear()
  log.lies.set('tile/0/001.p/44', log.right('tile/0/001.p/44')!.slice(32))
  assert.match((await answerable(args, { home })).out, /has 1376 bytes where 44 hashes/)
  log.lies.clear()
  log.note = log.sign(Buffer.alloc(32, 1))
  assert.match((await answerable(args, { home })).out, /other-root/)
  log.note = log.sign().replace('\n300\n', '\n299\n')
  const signature = await answerable(args, { home })
  assert.equal(signature.status, 1)
  assert.match(signature.words, /bad-signature/)
  assert.deepEqual(readdirSync(home), [], 'nothing of a faulty log is kept')
})

test('a log that forked or went back leaves evidence', async () => {
  const { log, url, home } = await served()
  const args = ['log', 'check', url, '--vkey', log.vkey]
  assert.equal((await answerable(args, { home })).status, 0)
  const forked = other(310)
  const forkUrl = await serveWith((request, response) => forked.handle(request, response))
  const fork = await answerable(['log', 'check', forkUrl, '--vkey', log.vkey], { home })
  assert.equal(fork.status, 1)
  assert.match(fork.out, /does not continue/)
  const [evidence] = readdirSync(join(home, 'evidence'))
  const text = readFileSync(join(home, 'evidence', evidence!), 'utf8')
  assert.ok(text.includes(log.sign()) && text.includes(forked.sign()))
  const older = new FakeLog('example.com/log', 200)
  const olderUrl = await serveWith((request, response) => older.handle(request, response))
  const back = await answerable(['log', 'check', olderUrl, '--vkey', log.vkey], { home })
  assert.equal(back.status, 1)
  assert.match(back.out, /rolled-back/)
})

test('a checkpoint from elsewhere is held against the log', async () => {
  const { log, url, home } = await served()
  const file = join(home, 'friend.txt')
  writeFileSync(file, new FakeLog('example.com/log', 120).sign())
  const args = ['log', 'check', url, '--vkey', log.vkey, '--from', file]
  assert.equal((await answerable(args, { home })).status, 0)
  writeFileSync(file, other(120).sign())
  const { status, out } = await answerable(args, { home })
  assert.equal(status, 1)
  assert.match(out, /forked/)
  writeFileSync(file, new FakeLog('example.org/other', 120).sign())
  assert.equal((await answerable(args, { home })).status, 2)
})

test('a server that is gone, or answers too much, is exit 2', async () => {
  const home = temporaryFolder()
  const { log } = await served(3)
  const endless = await serveWith((_request, response) => {
    response.end(Buffer.alloc(2 << 20, 'a'))
  })
  const huge = await answerable(['log', 'check', endless, '--vkey', log.vkey], { home })
  assert.equal(huge.status, 2)
  assert.match(huge.words, /too-large/)
  const silent = await serveWith(() => undefined)
  const slow = await answerable(['log', 'check', silent, '--vkey', log.vkey, '--timeout', '0.2'], { home })
  assert.equal(slow.status, 2)
  assert.match(slow.words, /no answer within 0.2 s/)
})

test('watch follows a log, and shouts when it forks', async () => {
  const { log, url, home } = await served(5)
  const child = start(['log', 'watch', url, '--vkey', log.vkey, '--interval', '0.05'], { home })
  const done = finished(child)
  await seen(child, /5 entries/)
  log.append(Buffer.from('next'))
  await seen(child, /6 entries {2}\+1/)
  const forked = other(9)
  log.handle = forked.handle.bind(forked)
  const { status, out } = await done
  assert.equal(status, 1)
  assert.match(out, /PARTED WITH ITS PAST/)
  assert.equal(readdirSync(join(home, 'evidence')).length, 1)
})

test('watch lets a cache lag, and ends quietly when told to', async () => {
  const { log, url, home } = await served(5)
  const child = start(['log', 'watch', url, '--vkey', log.vkey, '--interval', '0.05'], { home })
  const done = finished(child)
  await seen(child, /5 entries/)
  const old = log.sign()
  log.append(Buffer.from('next'))
  await seen(child, /6 entries/)
  log.note = old
  await new Promise(resolve => setTimeout(resolve, 200))
  log.note = undefined
  log.append(Buffer.from('next'))
  await seen(child, /7 entries/)
  child.kill('SIGINT')
  assert.equal((await done).status, 0)
})

/** Resolves when the process has printed this. */
function seen(child: ReturnType<typeof start>, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (chunk: Buffer) => {
      text += chunk
      if (!pattern.test(text)) return
      child.stdout!.off('data', look)
      resolve()
    }
    child.stdout!.on('data', look)
    child.once('close', () => reject(new Error(`ended without ${pattern}: ${text}`)))
  })
}
