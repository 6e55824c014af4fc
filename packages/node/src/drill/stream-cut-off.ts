/** Streams that end before their end. */
import { toHex } from '@answerable/core'
import type { Receipt } from '@answerable/core/receipt'
import { entryOf } from '@answerable/core/statement'
import { parsePolicy } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { type Answer, ask, eventsIn } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt, Holder, movedTo } from './holder.ts'
import { openPromise } from './promise.ts'
import type { Scene } from './scene.ts'

const PROMPT = 'tell me a story of many words, for it will be cut off'
/** Events after which a caller hangs up, and a gateway is killed. */
const EVENTS = 3

export const streamCutOff: Drill = {
  name: 'stream-cut-off',
  title: 'a stream is cut off',
  fault:
    'An upstream dies in mid-stream, a caller leaves in mid-stream, and a gateway is killed in mid-stream.',
  payer: 'By the terms in the receipt: the record says what was delivered. (Refunds come with prices.)',
  appeal:
    'The promise in the stream’s head, with the bytes that came: a beginning that the operator must show the end of.',
  notShown: [
    'How far a stream got whose gateway was killed: its record holds the beginning, and that it was interrupted. The caller’s own bytes say more, on the caller’s word.',
    'Whether the caller read all that was sent.',
  ],
  async run(scene) {
    await upstreamDies(scene)
    await callerLeaves(scene)
    await gatewayDies(scene)
  },
}

async function upstreamDies(scene: Scene): Promise<void> {
  const { findings } = scene
  const { url, holder, network } = await scene.network('upstream')
  if (scene.inject) findings.inject('the upstream broke its connection after some events of a stream')
  const model = scene.inject ? 'parrot-dies' : 'parrot'
  const answer = await ask(url, { prompt: PROMPT, model, stream: true })
  const events = eventsIn(answer.response)
  findings.notice(
    answer.cutOff,
    'the caller',
    `the connection broke after ${events} events: a stream that was cut off looks cut off`,
  )
  const receipt = await fetchReceipt(answer.link!)
  const cut = cutOff(holder, receipt, answer)
  findings.notice(
    cut?.outcome === 'upstream-error' && cut.same,
    'the record',
    `interrupted, upstream-error; it holds the very ${answer.response.length} bytes that the caller got`,
  )
  findings.now(
    keepsPromise(holder, receipt, answer),
    'the promise in the stream’s head is the log’s signed proof of the beginning that the record names',
  )
  findings.after(
    await scene.comes(async () => holder.worth(await fetchReceipt(answer.link!)) === 'witnessed'),
    'beginning and interruption are witnessed like any record',
  )
  await network.close()
}

async function callerLeaves(scene: Scene): Promise<void> {
  const { findings, upstream } = scene
  const { url, holder, network } = await scene.network('caller')
  const leave = new AbortController()
  const before = upstream.hungUp
  const answer = await ask(url, {
    prompt: PROMPT,
    model: scene.inject ? 'parrot-slow' : 'parrot',
    stream: true,
    signal: leave.signal,
    onPiece: bytes => {
      if (!scene.inject || leave.signal.aborted || eventsIn(bytes) < EVENTS) return
      findings.inject(`a caller hung up after ${EVENTS} events of a stream`)
      leave.abort()
    },
  })
  let receipt: Receipt | undefined
  const recorded = await scene.faultShows(async () => {
    receipt = await fetchReceipt(answer.link!)
    return cutOff(holder, receipt, answer)?.outcome === 'client-aborted'
  })
  const whole = receipt?.content.response ?? new Uint8Array(0)
  findings.notice(
    recorded && Buffer.from(whole.subarray(0, answer.response.length)).equals(answer.response),
    'the record',
    `interrupted, client-aborted; it holds ${eventsIn(whole)} events, which begin with those that the caller got`,
  )
  findings.now(
    await scene.faultShows(() => upstream.hungUp > before),
    'the upstream was let go too: nobody runs a model for a caller who has left',
  )
  await network.close()
}

async function gatewayDies(scene: Scene): Promise<void> {
  const { findings } = scene
  const child = await scene.child('gateway')
  const { policy } = (await (await fetch(`${child.url}/trust`)).json()) as { policy: string }
  const holder = new Holder(parsePolicy(policy, nodeSuite))
  let killed: Promise<unknown> | undefined
  const answer = await ask(child.url, {
    prompt: PROMPT,
    model: scene.inject ? 'parrot-slow' : 'parrot',
    stream: true,
    onPiece: bytes => {
      if (!scene.inject || killed !== undefined || eventsIn(bytes) < EVENTS) return
      findings.inject(`SIGKILL to a gateway after ${EVENTS} events of a stream`)
      killed = child.kill()
    },
  })
  await killed
  const { url } = scene.inject ? await scene.child('gateway') : child
  findings.now(
    openPromise(answer.promise!, holder.policy).entry.length === 64,
    'the caller, with the gateway gone, holds the log’s signed proof that the stream began',
  )
  const receipt = await fetchReceipt(movedTo(url, answer.link!))
  const cut = cutOff(holder, receipt, answer)
  findings.notice(
    answer.cutOff && cut?.outcome === 'interrupted',
    'the next start',
    'it found a beginning without an end, and put the end on record as interrupted',
  )
  findings.after(
    keepsPromise(holder, receipt, answer),
    'the restarted node serves that record, and it is the one that was promised',
  )
}

/** How a record says that its stream was cut off; undefined where it does not, or is not shown. */
function cutOff(holder: Holder, receipt: Receipt, { request, response }: Answer) {
  const { record, disclosed, compared } = holder.checkUnwitnessed(receipt, { request })
  if (record?.event !== 'interrupted' || compared.request !== 'same') return undefined
  const same = Buffer.compare(response, receipt.content.response ?? new Uint8Array(0)) === 0
  return { outcome: disclosed.response?.outcome, same }
}

function keepsPromise(holder: Holder, { begin }: Receipt, { promise }: Answer): boolean {
  if (promise === null || begin === undefined) return false
  return openPromise(promise, holder.policy).entry === toHex(entryOf(begin.statement, nodeSuite))
}
