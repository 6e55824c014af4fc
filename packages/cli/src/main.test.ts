import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { answerable, checkOutput, finished, start, temporaryFolder } from './cli.fixture.ts'
import { COMMANDS } from './commands/index.ts'
import { commandLines, nearest } from './help.ts'

const home = temporaryFolder()

test('--help lists all commands; each has its own', async () => {
  const { status, out } = await answerable(['--help'], { home })
  assert.equal(status, 0)
  const words = out.replace(/\s+/g, ' ')
  for (const { name, summary } of COMMANDS) assert.ok(words.includes(` ${name} ${summary}`), name)
  const verify = await answerable(['verify', '--help'], { home })
  assert.equal(verify.status, 0)
  assert.match(verify.out, /Usage: answerable verify FILE/)
  const group = await answerable(['trust', '--help'], { home })
  assert.equal(group.status, 0)
  assert.match(group.out, /trust remove/)
})

test('every help stands in 80 columns', () => {
  for (const command of COMMANDS) checkOutput(commandLines(command).join('\n'))
})

test('every command can be loaded', async () => {
  for (const { name, load } of COMMANDS) assert.equal(typeof (await load()).run, 'function', name)
})

test('no command, or half of one, is exit 2', async () => {
  assert.equal((await answerable([], { home })).status, 2)
  assert.equal((await answerable(['receipt'], { home })).status, 2)
})

test('a mistyped command is exit 2, with the nearest name', async () => {
  const { status, err } = await answerable(['verfiy', 'x'], { home })
  assert.equal(status, 2)
  assert.match(err, /did you mean verify\? \(bad-request\)/)
  const second = await answerable(['log', 'chekc', 'x'], { home })
  assert.match(second.err, /did you mean log check\?/)
})

test('nothing near is not guessed at', () => {
  assert.equal(nearest('frobnicate', ['verify', 'start']), undefined)
  assert.equal(nearest('strat', ['verify', 'start']), 'start')
})

test('--version', async () => {
  assert.match((await answerable(['--version'], { home })).out, /^answerable \d+\.\d+\.\d+\n$/)
})

test('a fault of ours is exit 70, without a stack unless it is asked for', async () => {
  // A file where the store expects a folder is nothing that the program foresees.
  const broken = temporaryFolder()
  writeFileSync(join(broken, 'trust'), '')
  const plain = await answerable(['trust', 'list'], { home: broken })
  assert.equal(plain.status, 70)
  assert.match(plain.words, /^error: ENOTDIR.* Please report it/)
  const child = start(['trust', 'list'], { home: broken, environment: { ANSWERABLE_DEBUG: '1' } })
  assert.match((await finished(child)).err, /^ +at .*trust-store/m)
})
