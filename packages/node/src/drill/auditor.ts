/** Reads all of a log over HTTP and builds its tree again, as anyone can: what roots it had at every size. */
import { AnswerableError, equal } from '@answerable/core'
import {
  type Checkpoint,
  Frontier,
  leafHash,
  openCheckpoint,
  type Policy,
  parseBundle,
  TILE_WIDTH,
  tilePath,
} from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'

export class AuditedLog {
  readonly checkpoint: Checkpoint
  readonly #policy: Policy
  /** By size. */
  readonly #roots: readonly Uint8Array[]

  private constructor(checkpoint: Checkpoint, policy: Policy, roots: readonly Uint8Array[]) {
    this.checkpoint = checkpoint
    this.#policy = policy
    this.#roots = roots
  }

  /** Throws `bad-proof` where entries, tiles and checkpoint do not agree, and what opening the checkpoint throws. */
  static async read(url: string, policy: Policy): Promise<AuditedLog> {
    const note = Buffer.from(await get(`${url}/log/checkpoint`)).toString()
    const { checkpoint } = openOwn(note, policy)
    const frontier = new Frontier(nodeSuite)
    const roots = [frontier.root()]
    for (let index = 0; index * TILE_WIDTH < checkpoint.size; index++) {
      const width = Math.min(TILE_WIDTH, checkpoint.size - index * TILE_WIDTH)
      const bundle = await get(`${url}/log/${tilePath('entries', index, width)}`)
      const tile = await get(`${url}/log/${tilePath(0, index, width)}`)
      for (const [i, entry] of parseBundle(bundle, width).entries()) {
        const leaf = leafHash(entry, nodeSuite)
        if (!equal(leaf, tile.subarray(i * 32, (i + 1) * 32)))
          throw new AnswerableError('bad-proof', `entry ${index * TILE_WIDTH + i} is not the one in its tile`)
        frontier.append(leaf)
        roots.push(frontier.root())
      }
    }
    if (!equal(frontier.root(), checkpoint.root))
      throw new AnswerableError('bad-proof', 'the tiles do not have the root of the checkpoint')
    return new AuditedLog(checkpoint, policy, roots)
  }

  /** Whether the log still begins with the tree of a checkpoint that it signed before. */
  continues(note: string): boolean {
    const { size, root } = openOwn(note, this.#policy).checkpoint
    const now = this.#roots[size]
    return now !== undefined && equal(now, root)
  }
}

function openOwn(note: string, { logs }: Policy) {
  return openCheckpoint(
    note,
    logs.map(({ key }) => key),
    nodeSuite,
  )
}

async function get(url: string): Promise<Uint8Array> {
  const response = await fetch(url)
  if (response.status !== 200) throw new AnswerableError('not-found', `${url}: status ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}
