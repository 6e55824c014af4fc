/** A gateway in a process of its own, to be killed. Started by `child-gateway.ts`; talks with it over the IPC channel. */
import { join } from 'node:path'
import { startLocal } from '../network/index.ts'
import type { Failed } from './child-process.ts'
import { HeldDisk, type Moment } from './held-disk.ts'
import { drillConfig, FIRST_LOG } from './settings.ts'

/** To the child. */
export interface Order {
  hold: Moment
}

/** From the child. */
export type Word = { url: string } | { held: true } | Failed

const [folder, upstream] = process.argv.slice(2) as [string, string]
const say = (word: Word) => process.send!(word)
// Nobody is left to end it otherwise.
process.on('disconnect', () => process.exit(1))
const held = new HeldDisk(join(folder, FIRST_LOG), () => say({ held: true }))
process.on('message', ({ hold }: Order) => held.hold(hold))
try {
  const { url } = await startLocal({ folder, config: drillConfig(upstream), demo: false, disk: held.disk })
  say({ url })
} catch (error) {
  say({ failed: error instanceof Error ? error.message : String(error) })
}
