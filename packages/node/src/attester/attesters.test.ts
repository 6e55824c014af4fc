import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { makeAuthority, makeNitro } from '../../../core/test/nitro.ts'
import { makeCertificate } from '../../../core/test/x509.ts'
import { commandAttester } from './command.ts'
import { confidentialSpaceAttester } from './confidential-space.ts'
import { type TsmFiles, tsmAttester } from './configfs-tsm.ts'
import { dstackAttester } from './dstack.ts'
import { hostCertificates } from './snp-certificates.ts'

const DATA = new Uint8Array(32).fill(7)
const HEX = Buffer.from(DATA).toString('hex')
const signal = new AbortController().signal
const folder = mkdtempSync(join(tmpdir(), 'answerable-attester-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** The kernel's files, as configfs has them: `generation` counts writes of all. */
function fakeTsm(
  over: {
    provider?: string
    outblob?: (inblob: Uint8Array) => Uint8Array
    auxblob?: Uint8Array
    /** Writes of another process between ours and the report. */
    raced?: number
    fail?: Record<string, string>
    hang?: string
  } = {},
) {
  const made = new Map<string, { generation: number; inblob: Uint8Array }>()
  const files: TsmFiles & { made: typeof made } = {
    made,
    async mkdir(path) {
      fault('mkdir')
      made.set(path, { generation: 0, inblob: new Uint8Array(0) })
    },
    async writeFile(path, bytes) {
      fault('inblob')
      const entry = made.get(path.replace(/\/inblob$/, ''))!
      if (bytes.length > 64) throw Object.assign(new Error('too long'), { code: 'EINVAL' })
      entry.inblob = bytes
      entry.generation += 1 + (over.raced ?? 0)
    },
    async readFile(path) {
      const [, at, name] = /^(.*)\/([a-z]+)$/.exec(path)!
      if (over.hang === name) await new Promise(() => undefined)
      fault(name!)
      const entry = made.get(at!)!
      if (name === 'generation') return Buffer.from(`${entry.generation}\n`)
      if (name === 'provider') return Buffer.from(`${over.provider ?? 'tdx_guest'}\n`)
      if (name === 'auxblob')
        return over.auxblob ?? Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' }))
      return over.outblob?.(entry.inblob) ?? Buffer.concat([Buffer.from('quote'), entry.inblob])
    },
    async rmdir(path) {
      made.delete(path)
    },
  }
  const fault = (name: string) => {
    const code = over.fail?.[name]
    if (code !== undefined) throw Object.assign(new Error(code), { code })
  }
  return files
}

test('configfs-tsm: writes 64 bytes, reads the report, and leaves nothing behind', async () => {
  const files = fakeTsm()
  const { format, bytes, endorsements } = await tsmAttester({ root: '/r', timeoutMs: 1000, files }).attest(
    DATA,
    signal,
  )
  assert.equal(format, 'tdx')
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    `${Buffer.from('quote').toString('hex')}${HEX}${'00'.repeat(32)}`,
  )
  assert.equal(endorsements.length, 0)
  assert.equal(files.made.size, 0)
})

test('configfs-tsm: a SEV-SNP host’s table of certificates comes along, as far as it holds any', async () => {
  const { der } = makeCertificate({ subject: 'VCEK' })
  const table = tableOf([der, Buffer.from('no certificate')])
  const files = fakeTsm({ provider: 'sev_guest', auxblob: table })
  const { format, endorsements } = await tsmAttester({ timeoutMs: 1000, files }).attest(DATA, signal)
  assert.equal(format, 'sev-snp')
  assert.deepEqual(
    endorsements.map(({ kind, bytes }) => [kind, Buffer.from(bytes).equals(der)]),
    [['certificate', true]],
  )
  // Whatever a host puts there, nothing throws.
  for (let i = 0; i < table.length; i++) {
    const altered = Buffer.from(table)
    altered[i]! ^= 0xff
    hostCertificates(altered)
    hostCertificates(table.subarray(0, i))
  }
})

const TSM_FAULTS: [string, Parameters<typeof fakeTsm>[0], RegExp][] = [
  ['no such folder', { fail: { mkdir: 'ENOENT' } }, /not there; this kernel or machine has none/],
  ['no right', { fail: { mkdir: 'EACCES' } }, /takes root/],
  ['refused bytes', { fail: { inblob: 'EINVAL' } }, /inblob: failed \(EINVAL\)/],
  ['a busy platform', { fail: { outblob: 'EBUSY' } }, /outblob: busy/],
  ['somebody between', { raced: 1 }, /another process wrote/],
  ['an unknown provider', { provider: 'arm_cca_guest' }, /arm_cca_guest, which is not known here/],
  ['a provider that lies at length', { provider: '\u001b[31m'.repeat(100) }, /not known here/],
  ['an empty report', { outblob: () => new Uint8Array(0) }, /outblob: empty/],
  ['a report without end', { outblob: () => new Uint8Array(1 << 20) }, /outblob: over/],
  ['a read that hangs', { hang: 'outblob' }, /no evidence within 0\.05 s/],
]
for (const [name, over, message] of TSM_FAULTS)
  test(`configfs-tsm: ${name} is said, and the entry is gone`, async () => {
    const files = fakeTsm(over)
    const asked = tsmAttester({ root: '/r', timeoutMs: 50, files }).attest(DATA, signal)
    await assert.rejects(asked, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, message)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      assert.doesNotMatch(error.message, /[\u0000-\u001f]/)
      return true
    })
    if (over?.hang === undefined) assert.equal(files.made.size, 0)
  })

function tableOf(blobs: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24 * (blobs.length + 1))
  let at = head.length
  for (const [i, blob] of blobs.entries()) {
    head.fill(i + 1, i * 24, i * 24 + 16)
    head.writeUInt32LE(at, i * 24 + 16)
    head.writeUInt32LE(blob.length, i * 24 + 20)
    at += blob.length
  }
  return Buffer.concat([head, ...blobs])
}

let sockets = 0
/** A service on a Unix socket, gone when the test is over. */
async function onSocket(
  t: import('node:test').TestContext,
  answer: (response: ServerResponse, path: string, body: Record<string, unknown>) => void,
): Promise<string> {
  const socket = join(folder, `s${++sockets}`)
  const server: Server = createServer((request, response) => {
    let text = ''
    request.on('data', part => {
      text += part
    })
    request.on('end', () => answer(response, `${request.method} ${request.url}`, JSON.parse(text)))
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return socket
}

test('dstack: asks for a quote over 64 bytes in hex', async t => {
  let asked: unknown
  const socket = await onSocket(t, (response, path, body) => {
    asked = [path, body]
    response.end(JSON.stringify({ quote: 'AB01', event_log: '[]', report_data: body.report_data }))
  })
  const { format, bytes } = await dstackAttester({ socket, timeoutMs: 1000 }).attest(DATA, signal)
  assert.deepEqual(asked, ['POST /GetQuote', { report_data: HEX + '00'.repeat(32) }])
  assert.equal(format, 'tdx')
  assert.deepEqual([...bytes], [0xab, 1])
})

test('Confidential Space: asks for a PKI token with the binding as its nonce', async t => {
  let asked: unknown
  const socket = await onSocket(t, (response, path, body) => {
    asked = [path, body]
    response.end('aa.bb.cc\n')
  })
  const attester = confidentialSpaceAttester({ socket, audience: 'https://a.example', timeoutMs: 1000 })
  const { format, bytes } = await attester.attest(DATA, signal)
  assert.deepEqual(asked, [
    'POST /v1/token',
    { audience: 'https://a.example', token_type: 'PKI', nonces: [HEX] },
  ])
  assert.equal(format, 'confidential-space')
  assert.equal(Buffer.from(bytes).toString(), 'aa.bb.cc')
})

const SOCKET_FAULTS: [string, (response: ServerResponse) => void, RegExp][] = [
  ['hangs', () => undefined, /no evidence within 0\.1 s/],
  ['trickles', response => void response.write('{"quote":"'), /no evidence within 0\.1 s/],
  ['breaks off', response => response.write('{', () => response.destroy()), /attester/],
  [
    'refuses',
    response => response.writeHead(400).end('{"error":"no\u001b[31m"}'),
    /status 400: {"error":"no/,
  ],
  ['answers with no JSON and no token', response => response.end('<html>'), /not (one of GetQuote|a token)/],
  ['answers with another shape', response => response.end('{"quote":7}'), /not (one of GetQuote|a token)/],
  ['answers without end', response => response.end(Buffer.alloc(4 << 20, 'a')), /over \d+ bytes/],
]
for (const [name, answer, message] of SOCKET_FAULTS)
  test(`an agent on a socket that ${name} is a plain error`, async t => {
    const socket = await onSocket(t, answer)
    for (const attester of [
      dstackAttester({ socket, timeoutMs: 100 }),
      confidentialSpaceAttester({ socket, audience: 'x', timeoutMs: 100 }),
    ])
      await assert.rejects(attester.attest(DATA, signal), { code: 'unavailable', message })
  })

test('an agent that is not there is said to be not there', async () => {
  const attester = dstackAttester({ socket: join(folder, 'none'), timeoutMs: 1000 })
  await assert.rejects(attester.attest(DATA, signal), { code: 'unavailable', message: /this is not such/ })
})

const node = process.execPath
const command = (script: string, over: Partial<Parameters<typeof commandAttester>[0]> = {}) =>
  commandAttester({
    argv: [node, '-e', script, '--', 'x{hex}'],
    format: 'nitro',
    output: 'binary',
    timeoutMs: 5000,
    ...over,
  })

test('a command gets the bytes as hex in its arguments, and its output is the evidence', async () => {
  const echo = 'process.stdout.write(process.argv.at(-1))'
  const { bytes, format } = await command(echo).attest(DATA, signal)
  assert.equal(format, 'nitro')
  assert.equal(Buffer.from(bytes).toString(), `x${HEX}`)
  // A TDX report has room for 64.
  const tdx = await command(echo, { format: 'tdx' }).attest(DATA, signal)
  assert.equal(Buffer.from(tdx.bytes).toString(), `x${HEX}${'00'.repeat(32)}`)
  const hex = await command('console.log("AB01")', { output: 'hex' }).attest(DATA, signal)
  assert.deepEqual([...hex.bytes], [0xab, 1])
  const base64 = await command('console.log("qwE=")', { output: 'base64' }).attest(DATA, signal)
  assert.deepEqual([...base64.bytes], [0xab, 1])
})

test('what tools put around evidence is taken off, and another’s format is not taken', async () => {
  const bytes = makeNitro(makeAuthority())
  const script = `console.log(JSON.stringify({ attestation_document: "${Buffer.from(bytes).toString('base64')}" }))`
  const nitro = await command(script, { output: 'auto' }).attest(DATA, signal)
  assert.ok(Buffer.from(nitro.bytes).equals(bytes))
  for (const [printed, format, message] of [
    [script, 'tdx', /0 documents of tdx/],
    ['console.log("hello")', 'nitro', /cannot be read/],
  ] as const)
    await assert.rejects(command(printed, { output: 'auto', format }).attest(DATA, signal), {
      code: 'unavailable',
      message,
    })
})

test('no shell reads a command’s arguments', async () => {
  const attester = commandAttester({
    argv: [node, '-e', 'process.stdout.write(process.argv.at(-1))', '--', '$(id);`id`{hex}'],
    format: 'nitro',
    output: 'binary',
    timeoutMs: 5000,
  })
  const { bytes } = await attester.attest(DATA, signal)
  assert.equal(Buffer.from(bytes).toString(), `$(id);\`id\`${HEX}`)
})

const COMMAND_FAULTS: [string, string, Partial<Parameters<typeof commandAttester>[0]>, RegExp][] = [
  [
    'fails',
    'console.error("no NSM\\u001b[31m here"); process.exit(3)',
    {},
    /exit status 3: no NSM \[31m here$/,
  ],
  ['prints nothing', '', {}, /printed nothing/],
  ['prints without end', 'setInterval(() => process.stdout.write("a".repeat(65536)), 0)', {}, /prints over/],
  ['never ends', 'setInterval(() => 0, 1000)', { timeoutMs: 300 }, /no evidence within 0\.3 s/],
  ['prints no hex', 'console.log("xyz")', { output: 'hex' }, /not hex/],
  ['is killed', 'process.kill(process.pid, "SIGTERM")', {}, /ended by SIGTERM/],
]
for (const [name, script, over, message] of COMMAND_FAULTS)
  test(`a command that ${name} is a plain error`, async () => {
    await assert.rejects(command(script, over).attest(DATA, signal), { code: 'unavailable', message })
  })

test('a command that is not there is a plain error', async () => {
  const attester = commandAttester({
    argv: [join(folder, 'none'), '{hex}'],
    format: 'nitro',
    output: 'binary',
    timeoutMs: 1000,
  })
  await assert.rejects(attester.attest(DATA, signal), { code: 'unavailable', message: /no such program/ })
})

test('a command that hangs is ended with what it started', async t => {
  if (process.platform === 'win32') return t.skip('process groups are not of this platform')
  const beat = join(folder, 'beat')
  const inner = `setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(beat)}, '.'), 20)`
  const script = `
    require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'ignore' })
    setInterval(() => 0, 1000)`
  const asked = command(script, { timeoutMs: 1500 }).attest(DATA, signal)
  await assert.rejects(asked, { code: 'unavailable' })
  await wait(100)
  const { size } = statSync(beat)
  assert.ok(size > 0)
  await wait(300)
  assert.equal(statSync(beat).size, size)
})

test('a caller may give up', async () => {
  const controller = new AbortController()
  const asked = command('setInterval(() => 0, 1000)').attest(DATA, controller.signal)
  controller.abort()
  await assert.rejects(asked, { code: 'unavailable', message: /given up/ })
})
