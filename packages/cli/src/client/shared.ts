/** What the calls of one `recorded` fetch know of one another. */

import type { Suite } from '@answerable/core'
import { rejected } from './faults.ts'
import { Follower } from './follower.ts'
import { Refusals } from './refusals.ts'

export interface Shared {
  refusals: Refusals
  follower: Follower
  ids: UsedIds
}

export function newShared(suite: Suite): Shared {
  return { refusals: new Refusals(suite), follower: new Follower(), ids: new UsedIds() }
}

const MOST = 16_384

/** Records already taken: two equal answers need two records, or one of them is off the record. */
class UsedIds {
  readonly #ids = new Set<string>()

  /** Throws `receipt-rejected` for a record of another call; a repeated Idempotency-Key may bring the same again. */
  take(id: string, repeatable: boolean): void {
    if (this.#ids.has(id) && !repeatable) throw rejected('the record was handed out for another call before')
    this.#ids.add(id)
    if (this.#ids.size > MOST) this.#ids.delete(this.#ids.values().next().value!)
  }
}
