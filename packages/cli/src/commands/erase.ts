/** Erasing the content of records. The record of it stays, and so does the erasure's own. */
import { notYet } from '../optional.ts'

export async function run(_args: string[]): Promise<number> {
  throw notYet('erasure')
}
