/** Releasing records from a hold. */
import { setHold } from './hold.ts'

export function run(args: string[]): Promise<number> {
  return setHold('release', args)
}
