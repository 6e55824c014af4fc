/** Proposing that a member who was suspended be active again. */
import { propose } from '../registry/propose.ts'

export const run = (args: string[]): Promise<number> => propose(args, 'reinstate')
