/** A node with an attester of nobody's, and one without: what the commands say of each. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { answerable, start, temporaryFolder } from '../cli.fixture.ts'

const home = temporaryFolder()
const running: ChildProcess[] = []
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

async function run(folder: string, config: object, more: string[] = []): Promise<string> {
  const file = join(home, `${folder}.json`)
  writeFileSync(file, JSON.stringify({ operator: 'Example', port: 0, ...config }))
  const child = start(['start', '--data', join(home, folder), '--config', file, ...more], { home })
  running.push(child)
  let text = ''
  child.stderr!.on('data', part => {
    text += part
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', part => {
      text += part
      if (/What was recorded stays/.test(text)) resolve()
    })
    child.once('close', () => reject(new Error(text)))
  })
  return text
}

/** A program that signs whatever it is told to, under a root that nobody trusts. */
const script = join(home, 'attester.ts')
writeFileSync(
  script,
  `import { makeAuthority, makeNitro } from ${JSON.stringify(fileURLToPath(new URL('../../../core/test/nitro.ts', import.meta.url)))}
const user_data = Buffer.from(process.argv[2].slice(2), 'hex')
process.stdout.write(makeNitro(makeAuthority(), { user_data, timestamp: Date.now() }))
`,
)
const machine = { kind: 'command', format: 'nitro', argv: [process.execPath, script, 'x={hex}'] }

test('a node attests by itself at start, and on demand; show names what the registry holds', async () => {
  const printed = await run('with', { evidence: { machine } })
  assert.match(
    printed.replace(/\s+/g, ' '),
    /evidence AWS Nitro Enclaves; by this node’s own check it does not meet the policy: /,
  )
  assert.match(printed.replace(/\s+/g, ' '), /the machine: chain fails: root-not-trusted/)
  const data = ['--data', join(home, 'with')]
  const attested = await answerable(['node', 'attest', ...data], { home })
  // The root is nobody's: the node says so itself, and that is what the exit status is.
  assert.equal(attested.status, 1, attested.err)
  assert.match(attested.err, /machine \(command\): asked for its evidence/)
  assert.match(attested.err, /records name it from now on/)
  assert.match(attested.out, /policy +not met, by this node’s own check/)
  const digest = /evidence +([0-9a-f]{64})/.exec(attested.out)![1]!
  const refreshed = await answerable(['node', 'refresh', ...data, '--json'], { home })
  const status = JSON.parse(refreshed.out) as { evidence: string; steps: string[]; error: unknown }
  assert.equal(status.evidence, digest)
  assert.equal(status.error, null)
  assert.equal(status.steps.at(-1), 'nothing is new')
  const shown = await answerable(['node', 'show', ...data], { home })
  assert.ok(shown.out.includes(digest))
  assert.match(shown.out, /0 appraisals by others/)
  const child = running[0]!
  const ended = new Promise(resolve => child.once('close', resolve))
  child.kill('SIGTERM')
  await ended
  // Its key is gone; what it signed is checked by the public half.
  const checked = await answerable(['log', 'check', join(home, 'with')], { home })
  assert.equal(checked.status, 0, checked.out + checked.err)
  assert.match(checked.out, /inference-1-[0-9a-f]{12}/)
})

test('a node without an attester says so in one sentence, everywhere', async () => {
  const printed = await run('without', {}, ['--example-evidence'])
  const sentence = 'this node has no hardware evidence: nothing here can show where it runs'
  assert.ok(printed.replace(/\s+/g, ' ').includes(sentence))
  const data = ['--data', join(home, 'without')]
  for (const command of ['attest', 'refresh']) {
    const { status, words } = await answerable(['node', command, ...data], { home })
    assert.equal(status, 2)
    assert.ok(words.includes(sentence), words)
  }
  const shown = await answerable(['node', 'show', ...data], { home })
  assert.ok(shown.out.replace(/\s+/g, ' ').includes(sentence))
})

test('an attester that fails is a plain error at start, and calls are answered without evidence', async () => {
  const broken = {
    ...machine,
    argv: [process.execPath, '-e', 'console.error("no NSM here"); process.exit(3)', '--', '{hex}'],
  }
  const printed = await run('broken', { evidence: { machine: broken } })
  assert.match(
    printed.replace(/\s+/g, ' '),
    /evidence none yet: attester command .*: exit status 3: no NSM here/,
  )
  const { status, words } = await answerable(['node', 'attest', '--data', join(home, 'broken')], { home })
  assert.equal(status, 2)
  assert.match(words, /exit status 3: no NSM here/)
})

test('examples are shown without a node, each as it should come out', async () => {
  const { status, out } = await answerable(['evidence', 'check', '--example'], { home })
  assert.equal(status, 0)
  assert.match(out, /None of it is of this node/)
  assert.match(out, /result +meets the policy/)
  assert.match(out, /result +rejected/)
  const { out: json } = await answerable(['evidence', 'check', '--example', '--json'], { home })
  const examples = JSON.parse(json) as { expected: string; met: boolean }[]
  assert.ok(examples.length >= 2)
  assert.ok(examples.every(({ expected, met }) => met === (expected === 'good')))
  const refused = await answerable(['evidence', 'check', '--example', 'file'], { home })
  assert.equal(refused.status, 2)
})

test('a configuration that names no place for the bytes is refused with where and why', async () => {
  const file = join(home, 'bad.json')
  writeFileSync(
    file,
    JSON.stringify({ evidence: { machine: { ...machine, argv: ['tool'] }, devices: [{ kind: 'gpu' }] } }),
  )
  const { status, words } = await answerable(['start', '--config', file, '--data', join(home, 'bad')], {
    home,
  })
  assert.equal(status, 2)
  assert.match(words, /evidence\.machine\.argv: no argument has \{hex\}/)
  assert.match(words, /evidence\.devices\.0/)
})
