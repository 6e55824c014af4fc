/**
 * The gateway beside its peers, one process each, runs alternated: a bare undici proxy, the same proxy with one
 * group-committed fdatasync, and Portkey's gateway.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { syncTimes } from './lib/disk.ts'
import { startPortkey } from './lib/portkey.ts'
import { type Part, runPart, startPart } from './lib/process.ts'
import { atLeast, atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const ROUNDS = 5
const SECONDS = 4
const CONNECTIONS = 32
const CHUNKS = 500
/** A stream at the pace of a model, the gap in milliseconds. */
const PACED_CHUNKS = 20
const PACED_GAP = 5
/** Below this median of an fdatasync, in milliseconds, the peer is the bare proxy; above, the proxy that syncs too. */
const FAST_DISK = 0.3

interface Load {
  perSecond: number
  calls: number
  errors: number
  mean: number
  p50: number
  p99: number
  firstByteMean: number
  firstByteP50: number
}

interface Run extends Load {
  /** CPU microseconds a call. */
  cpu: number
}

async function load(
  part: Part,
  connections: number,
  streams = false,
  path = '/v1/chat/completions',
): Promise<Run> {
  let before = Promise.resolve(0)
  const args = [part.port, connections, SECONDS, path, streams ? 'stream' : '']
  const result = await runPart<Load>('load', args, () => {
    before = part.cpu()
  })
  const cpu = ((await part.cpu()) - (await before)) / result.calls
  if (result.errors > 0) throw new Error(`${result.errors} of ${result.calls} calls failed`)
  return { ...result, cpu }
}

const of = (runs: Run[], field: keyof Run) => median(runs.map(run => run[field]))

export const benchmark: Benchmark = {
  title: 'gateway',
  async run(say): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
    const parts: Part[] = []
    const start = async (name: string, ...args: (string | number)[]) => {
      const part = await startPart(name, ...args)
      parts.push(part)
      return part
    }
    try {
      const upstream = await start('upstream', CHUNKS)
      const durableFolder = mkdtempSync(join(folder, 'durable-'))
      const proxy = await start('proxy', upstream.port)
      const durable = await start('proxy', upstream.port, durableFolder)
      const gateway = await start('gateway', upstream.port, join(folder, 'gateway'))
      const peers = { proxy, durable, gateway }
      // First bytes are measured on a stream with the pace of a model: where all of it comes at once, the first byte
      // waits for the work on those behind it, which is another row's.
      const pacedUpstream = await start('upstream', PACED_CHUNKS, PACED_GAP)
      const paced = {
        proxy: await start('proxy', pacedUpstream.port),
        gateway: await start('gateway', pacedUpstream.port, join(folder, 'paced')),
      }

      const sync: { one: number; two: number }[] = []
      const busy: Record<string, Run[]> = { proxy: [], durable: [], gateway: [] }
      const alone: Record<string, Run[]> = { proxy: [], gateway: [] }
      const streams: Record<string, Run[]> = { proxy: [], gateway: [] }
      const first: Record<string, Run[]> = { proxy: [], gateway: [] }
      for (let round = 0; round < ROUNDS; round++) {
        say(`round ${round + 1} of ${ROUNDS}`)
        sync.push(await syncTimes(folder))
        for (const [name, part] of Object.entries(peers)) busy[name]!.push(await load(part, CONNECTIONS))
        for (const [name, part] of Object.entries({ proxy, gateway })) {
          alone[name]!.push(await load(part, 1))
          streams[name]!.push(await load(part, 1, true))
        }
        for (const [name, part] of Object.entries(paced)) first[name]!.push(await load(part, 1, true))
      }
      const one = median(sync.map(times => times.one))
      const two = median(sync.map(times => times.two))
      const ratioBare = median(busy.gateway!.map((run, i) => run.perSecond / busy.proxy![i]!.perSecond))
      const ratioDurable = median(busy.gateway!.map((run, i) => run.perSecond / busy.durable![i]!.perSecond))
      const addedMean = median(alone.gateway!.map((run, i) => run.mean - alone.proxy![i]!.mean))
      const addedFirst = median(
        first.gateway!.map((run, i) => run.firstByteMean - first.proxy![i]!.firstByteMean),
      )
      const addedChunk = median(streams.gateway!.map((run, i) => (run.cpu - streams.proxy![i]!.cpu) / CHUNKS))
      const fast = one < FAST_DISK
      const rows: Row[] = [
        forTheRecord('one fdatasync', one, 'ms'),
        forTheRecord('the slower of two fdatasyncs side by side', two, 'ms'),
        forTheRecord('bare undici proxy, 32 connections', of(busy.proxy!, 'perSecond'), 'calls/s'),
        forTheRecord('the same with a group-committed fdatasync', of(busy.durable!, 'perSecond'), 'calls/s'),
        forTheRecord('gateway, 32 connections', of(busy.gateway!, 'perSecond'), 'calls/s'),
        fast
          ? atLeast('gateway ÷ bare proxy', ratioBare, '', 0.6)
          : forTheRecord('gateway ÷ bare proxy', ratioBare, ''),
        fast
          ? forTheRecord('gateway ÷ proxy that syncs', ratioDurable, '')
          : atLeast('gateway ÷ proxy that syncs', ratioDurable, '', 0.75),
        forTheRecord('CPU added a call', of(busy.gateway!, 'cpu') - of(busy.proxy!, 'cpu'), 'µs'),
        atMost('mean latency added, 1 connection', addedMean, 'ms', two + 0.4),
        atMost('time to first byte added, stream', addedFirst, 'ms', two + 0.5),
        atMost('CPU added a chunk, stream', addedChunk, 'µs', 20),
      ]
      return [...rows, ...(await besidePortkey(say, gateway, upstream))]
    } finally {
      for (const part of parts) await part.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function besidePortkey(say: (line: string) => void, gateway: Part, upstream: Part): Promise<Row[]> {
  const portkey = await startPortkey(say)
  if (portkey === undefined) return []
  process.env.CUSTOM_HOST = `http://127.0.0.1:${upstream.port}/v1`
  try {
    const theirs: Load[] = []
    const ours: Run[] = []
    for (let round = 0; round < 3; round++) {
      say(`beside Portkey's gateway, round ${round + 1} of 3`)
      theirs.push(
        await runPart<Load>('load', [portkey.port, CONNECTIONS, SECONDS, '/v1/chat/completions', '']),
      )
      ours.push(await load(gateway, CONNECTIONS))
    }
    const ratio = median(ours.map((run, i) => run.perSecond / theirs[i]!.perSecond))
    return [
      forTheRecord("Portkey's gateway, 32 connections", median(theirs.map(run => run.perSecond)), 'calls/s'),
      forTheRecord("Portkey's gateway, calls that failed", median(theirs.map(run => run.errors)), ''),
      atLeast("gateway ÷ Portkey's", ratio, '', 6),
      atMost('p50', of(ours, 'p50'), 'ms', median(theirs.map(run => run.p50))),
      atMost('p99', of(ours, 'p99'), 'ms', median(theirs.map(run => run.p99))),
    ]
  } finally {
    await portkey.stop()
  }
}
