/**
 * Signatures checked before the fold asks for them, on the threads of the pool: the fold itself is one thread's work, and
 * four fifths of a replay are signatures. What is known of a signature is the exact key and message that it is good for,
 * and only good ones are remembered, so the fold comes to what it would have come to.
 */
import { type KeyObject, verify } from 'node:crypto'
import { AnswerableError, equal, fromHex, type Suite } from '@answerable/core'
import { openEntry, type Registry } from '@answerable/core/registry'
import { preAuthEncoding, STATEMENT_MEDIA_TYPE } from '@answerable/core/statement'
import { ed25519Key } from '../log/suite.ts'

type Entries = readonly Uint8Array[]

/** Entries whose signatures are checked at once. */
const PART = 512
/** Entries of a part for which another thread is worth the while. */
const LEAST = 8
/** Signatures remembered; each keeps its statement in memory. */
const MOST_KNOWN = 4096

export class Ahead {
  /** As the suite that it was made from, and what is known already is not checked again. */
  readonly suite: Suite
  readonly #known = new Map<string, { publicKey: Uint8Array; message: Uint8Array }>()

  constructor(suite: Suite) {
    this.suite = {
      ...suite,
      verifyEd25519: (publicKey, message, signature) => {
        if (this.#known.size === 0) return suite.verifyEd25519(publicKey, message, signature)
        const name = nameOf(signature)
        const known = this.#known.get(name)
        if (known === undefined || !equal(known.publicKey, publicKey) || !equal(known.message, message))
          return suite.verifyEd25519(publicKey, message, signature)
        this.#known.delete(name)
        return true
      },
    }
  }

  /**
   * Hands on parts of a log in order, each once its signatures are checked; the next is fetched and checked meanwhile,
   * and no more than that.
   */
  async *checked(parts: AsyncIterable<Entries> | Iterable<Entries>): AsyncGenerator<Entries, void> {
    const iterator = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]()
    const take = async (): Promise<Entries | undefined> => {
      const { done, value } = await iterator.next()
      if (done === true) return undefined
      await this.#check(value)
      return value
    }
    let next = take()
    try {
      for (let part = await next; part !== undefined; part = await next) {
        next = take()
        // Said when it is asked for: whoever folds this one may be at it for a while.
        next.catch(() => undefined)
        yield part
      }
    } finally {
      await next.catch(() => undefined)
      await iterator.return?.()
    }
  }

  async #check(entries: Entries): Promise<void> {
    // A few are checked as fast where they are.
    if (entries.length < LEAST) return
    const known = this.#known
    // What no fold asked for is forgotten some time.
    if (known.size > MOST_KNOWN) known.clear()
    await Promise.all(
      entries.flatMap(signaturesOf).map(async ({ publicKey, message, signature }) => {
        const name = nameOf(signature)
        if (!known.has(name) && (await isGood(ed25519Key(publicKey), message, signature)))
          known.set(name, { publicKey, message })
      }),
    )
  }
}

/** Appends entries to a fold, in turns between which the process does other things. */
export async function replay(registry: Registry, entries: Entries, ahead: Ahead): Promise<void> {
  for await (const part of ahead.checked(slices(entries))) for (const entry of part) registry.append(entry)
}

/** Entries in parts of the size that they are best checked in. */
export function* slices(entries: Entries): Generator<Entries> {
  for (let at = 0; at < entries.length; at += PART) yield entries.slice(at, at + PART)
}

interface Signature {
  publicKey: Uint8Array
  message: Uint8Array
  signature: Uint8Array
}

/** Those that may be by Ed25519 keys, whose ids are the keys in hex. What cannot be read is the fold's to judge. */
function signaturesOf(entry: Uint8Array): Signature[] {
  try {
    const { payload, signatures } = openEntry(entry)
    const message = preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
    return signatures
      .filter(({ keyid, sig }) => /^[0-9a-f]{64}$/.test(keyid) && sig.length === 64)
      .map(({ keyid, sig }) => {
        return { publicKey: fromHex(keyid), message, signature: sig }
      })
  } catch (error) {
    if (error instanceof AnswerableError) return []
    throw error
  }
}

function isGood(key: KeyObject, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise(resolve => {
    verify(null, message, key, signature, (error, good) => resolve(error === null && good))
  })
}

function nameOf(signature: Uint8Array): string {
  return Buffer.from(signature).toString('latin1')
}
