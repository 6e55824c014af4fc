/** What a local network is called: made once, kept in its folder. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { z } from 'zod'
import type { Disk } from '../storage/disk.ts'

const Generation = z.strictObject({
  /** The origin of the gateway's log. */
  origin: z.string(),
  folder: z.string(),
  /** vkey of a log whose key was only ever in memory. Absent where the key is in the folder. */
  vkey: z.string().optional(),
  /** The last checkpoint that a witness saw of the log before, where that one was lost, rolled back, or of another boot. */
  predecessor: z
    .strictObject({ origin: z.string(), size: z.number(), root: z.string(), note: z.string() })
    .optional(),
})

const Identity = z.strictObject({
  /** Tells this network from all others. */
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** The gateway's logs, oldest first; the last one is written. */
  generations: z.array(Generation).min(1),
})
export type Identity = z.infer<typeof Identity>
export type Generation = z.infer<typeof Generation>

/** The folder's identity, made on first use. `member` names its logs where it belongs to a network that others run. */
export async function loadIdentity(disk: Disk, folder: string, member?: string): Promise<Identity> {
  const path = join(folder, 'network.json')
  const stored = await disk.readFile(path)
  if (stored !== undefined) {
    const parsed = Identity.safeParse(safeJson(stored.toString()))
    if (!parsed.success) throw new AnswerableError('corrupt', `${path}: not the identity of a network`)
    return parsed.data
  }
  const id = randomBytes(6).toString('hex')
  const identity: Identity = {
    id,
    generations: [{ origin: `${member ?? `${id}.local`}/inference`, folder: 'inference-1' }],
  }
  await saveIdentity(disk, folder, identity)
  return identity
}

export async function saveIdentity(disk: Disk, folder: string, identity: Identity): Promise<void> {
  await disk.replace(join(folder, 'network.json'), Buffer.from(`${JSON.stringify(identity, null, 2)}\n`))
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
