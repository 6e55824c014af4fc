/** Following a log: each new checkpoint must continue the last. Ends, loudly, with the first that does not. */
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError, errorCode } from '@answerable/core'
import { keepEvidence } from '../audit/evidence.ts'
import { findHttpLog, type HttpSource } from '../audit/http-source.ts'
import { LastSeen, openSeen, type SeenCheckpoint } from '../audit/last-seen.ts'
import { type KnownLog, knowLog, openKnown } from '../audit/log-key.ts'
import { relation } from '../audit/relation.ts'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { readUrl } from '../http.ts'
import { witnessWords } from '../output/log-check.ts'
import { bad, bold, dim, note, print, warn } from '../output/style.ts'
import { count, plain, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { onStop } from '../stop.ts'

/** Tiles that show nothing may be a cache that lags, a few times over; not for ever. */
const MOST_BAD_TILES = 5

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    vkey: { type: 'string' },
    interval: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '10' },
  })
  const [text] = expectPositionals(positionals, 'URL')
  const intervalMs = numberOption(values.interval, '--interval', 0.05, 86_400) * 1000
  const timeoutMs = numberOption(values.timeout, '--timeout', 0.1, 600) * 1000
  const signal = onStop()
  const source = await findHttpLog(readUrl(text), { timeoutMs, signal })
  const first = await source.checkpoint()
  const log = knowLog(first, values.vkey)
  print(
    bold(plain(log.key.name)),
    ...wrap(`Following ${source.where}, by the key from ${log.from}. Ctrl-C ends.`).map(dim),
  )
  return new Watch(source, log).follow(first, intervalMs, signal)
}

class Watch {
  readonly #source: HttpSource
  readonly #log: KnownLog
  readonly #lastSeen: LastSeen
  #last: SeenCheckpoint | undefined
  #badTiles = 0

  constructor(source: HttpSource, log: KnownLog) {
    this.#source = source
    this.#log = log
    this.#lastSeen = new LastSeen(log.key)
    this.#last = this.#lastSeen.get()
  }

  async follow(first: Uint8Array, intervalMs: number, signal: AbortSignal): Promise<number> {
    for (let next: Uint8Array | undefined = first; ; next = undefined) {
      try {
        if (!(await this.#take(next ?? (await this.#source.checkpoint())))) return 1
      } catch (error) {
        if (signal.aborted) return 0
        if (errorCode(error) === 'bad-signature' || errorCode(error) === 'unsigned') {
          print(
            bad('This log now shows a checkpoint that its key did not sign.'),
            ...wrap((error as Error).message),
          )
          return 1
        }
        // A log that is away for a while is watched on.
        if (!(error instanceof AnswerableError) || !AWAY.has(error.code)) throw error
        note(...wrap(`${time(Date.now())}  ${error.message}`))
      }
      await wait(intervalMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return 0
    }
  }

  /** False for a log that parted with what it signed before. */
  async #take(bytes: Uint8Array): Promise<boolean> {
    const { judged } = openKnown(bytes, this.#log)
    const seen = openSeen(bytes, this.#log.key, this.#source.where)
    const last = this.#last
    if (last !== undefined) {
      const { size, root } = last.checkpoint
      const found = await relation(this.#source, seen.checkpoint, { size, root })
      if (found === 'forked') return this.#shout('It signed two trees that contradict each other', last, seen)
      if (found === 'bad-tiles') {
        if (++this.#badTiles >= MOST_BAD_TILES)
          return this.#shout('It does not show that its newest checkpoint continues the last', last, seen)
        note(
          ...wrap(
            `${time(Date.now())}  the tiles do not lead to the checkpoint of ${seen.checkpoint.size} entries`,
          ),
        )
        return true
      }
      this.#badTiles = 0
      // An older checkpoint of the same tree comes out of a cache.
      if (seen.checkpoint.size <= size && last.where === seen.where) return true
    }
    const grown = seen.checkpoint.size - (last?.checkpoint.size ?? 0)
    const witnesses = judged === undefined ? '' : `  ${dim(witnessWords(judged))}`
    print(
      `${time(Date.now())}  ${count(seen.checkpoint.size, 'entry', 'entries')}  +${Math.max(0, grown)}${witnesses}`,
    )
    if (grown >= 0) {
      this.#last = seen
      this.#lastSeen.put(seen.note)
    }
    return true
  }

  #shout(what: string, last: SeenCheckpoint, seen: SeenCheckpoint): false {
    const { size } = last.checkpoint
    const path = keepEvidence(
      seen.checkpoint.origin,
      `${what}, at ${size} and ${seen.checkpoint.size} entries`,
      [
        { what: `seen before (${last.where})`, note: last.note },
        { what: `published at ${seen.where}`, note: seen.note },
      ],
    )
    print('', bad('THIS LOG HAS PARTED WITH ITS PAST'))
    print(...wrap(`${what}: ${size} entries before, ${seen.checkpoint.size} now.`).map(warn))
    print(...wrap(`Both signed checkpoints are kept as evidence: ${path}`))
    return false
  }
}

const AWAY = new Set(['unavailable', 'too-many-requests', 'not-found'])
