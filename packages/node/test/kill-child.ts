/** A process that appends until it is killed, and prints each receipt's id, secret and checkpoint once it has them. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inferenceContext } from '@answerable/core/statement'
import { noteSigner } from '../src/log/index.ts'
import { Recorder, RecordStore } from '../src/record/index.ts'
import { lockFolder, realDisk } from '../src/storage/index.ts'

const folder = process.argv[2]!
const DIGEST = 'ab'.repeat(32)

lockFolder(folder)
const signer = noteSigner('killed.example/log', createPrivateKey(readFileSync(join(folder, 'key.pem'))))
const store = await RecordStore.open({
  disk: realDisk,
  folder,
  signer,
  firstSegmentBytes: 64 << 10,
  lastSegmentBytes: 256 << 10,
})
const recorder = new Recorder({
  log: store.log,
  index: store.index,
  context: inferenceContext({ log: signer.key.name, node: DIGEST, charter: DIGEST, terms: DIGEST }),
  clock: Date.now,
  lastTime: store.lastTime,
})
await store.closeOrphans(recorder)

/** In one call, and not through a stream: what is printed left this process before anything else happens. */
function print(fields: object): void {
  writeSync(1, `${JSON.stringify(fields)}\n`)
}

function say(id: string, secret: string, request: Buffer): void {
  const { size, root } = store.log.signed
  print({ id, secret, request: request.toString(), size, root: Buffer.from(root).toString('hex') })
}

async function call(worker: number, number: number): Promise<void> {
  const request = Buffer.from(`worker ${worker}, question ${number}`)
  const asked = {
    request,
    method: 'POST',
    path: '/v1/chat/completions',
    mediaType: 'application/json',
    model: '{}',
    sampling: '{}',
    parties: '{}',
  }
  const answered = {
    response: Buffer.alloc(200 + ((number * 97) % 3000), 'an answer '),
    status: 200,
    mediaType: 'text/plain',
    outcome: 'ok' as const,
  }
  if (number % 5 !== 0) {
    const { id, secret } = await recorder.answer(asked, answered)
    return say(id, secret, request)
  }
  const begun = await recorder.begin(asked)
  say(begun.id, begun.secret, request)
  await recorder.end(begun, 'end', answered)
}

print({ ready: store.log.signed.size })
setInterval(() => void store.log.publish(), 15)
for (let worker = 0; worker < 8; worker++) {
  void (async () => {
    for (let number = 0; ; number++) await call(worker, number)
  })()
}
