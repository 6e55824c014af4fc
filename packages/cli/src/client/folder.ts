/**
 * A folder of receipts. Node's modules are asked for at run time and not imported, so that this file can lie in a
 * browser's bundle, where it refuses to work.
 */
import { AnswerableError, toBase64 } from '@answerable/core'
import { formatReceipt, type Receipt } from '@answerable/core/receipt'
import type { RecordedCall } from './call.ts'
import type { Refused } from './options.ts'

export interface Keeper {
  keep(receipt: Receipt, call: RecordedCall): unknown
  refused(refused: Refused): unknown
}

type Files = typeof import('node:fs/promises')
type Paths = typeof import('node:path')

/** Throws `bad-config` where there are no files. */
export function openFolder(folder: string): Keeper {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => unknown }
  }
  const files = process?.getBuiltinModule?.('node:fs/promises') as Files | undefined
  const paths = process?.getBuiltinModule?.('node:path') as Paths | undefined
  if (files === undefined || paths === undefined)
    throw new AnswerableError('bad-config', 'recorded: folder: there are no files here; give keep instead')
  return new Folder(folder, files, paths)
}

class Folder implements Keeper {
  readonly #folder: string
  readonly #files: Files
  readonly #paths: Paths

  constructor(folder: string, files: Files, paths: Paths) {
    this.#folder = folder
    this.#files = files
    this.#paths = paths
  }

  async keep(receipt: Receipt, { id, receiptUrl }: RecordedCall): Promise<void> {
    // The secret first: a receipt can be fetched again with it, and not the other way round.
    await this.#write('.', `${id}.url`, `${receiptUrl}\n`)
    await this.#write('.', `${id}.json`, `${formatReceipt(receipt)}\n`)
  }

  async refused({ request, response, receipt, ...rest }: Refused): Promise<void> {
    const time = new Date().toISOString()
    const text = JSON.stringify(
      {
        type: 'https://answerable.dev/refused/v1',
        time,
        ...rest,
        request: toBase64(request),
        response: toBase64(response),
        receipt: receipt && toBase64(receipt),
      },
      undefined,
      2,
    )
    const name = `${time.replaceAll(':', '-')}-${rest.id ?? 'no-id'}-${crypto.randomUUID().slice(0, 8)}.json`
    await this.#write('refused', name, `${text}\n`)
  }

  /** Whole or not at all, and only for the owner: answers and secrets are nobody else's. Throws `not-writable`. */
  async #write(under: string, name: string, text: string): Promise<void> {
    const folder = this.#paths.join(this.#folder, under)
    const draft = this.#paths.join(folder, `.${name}.${crypto.randomUUID()}`)
    try {
      await this.#files.mkdir(folder, { recursive: true, mode: 0o700 })
      await this.#files.writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
      await this.#files.rename(draft, this.#paths.join(folder, name))
    } catch (cause) {
      await this.#files.rm(draft, { force: true }).catch(() => undefined)
      throw new AnswerableError('not-writable', `${this.#paths.join(folder, name)} cannot be written`, {
        cause,
      })
    }
  }
}
