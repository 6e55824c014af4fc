/** Proposing that a member be removed. */
import { propose } from '../registry/propose.ts'

export const run = (args: string[]): Promise<number> => propose(args, 'remove')
