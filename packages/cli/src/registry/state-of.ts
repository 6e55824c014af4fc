/** The registry that a command is about: of a data folder's member, or at a URL. */
import { AnswerableError } from '@answerable/core'
import { readUrl } from '../http.ts'
import { clientOf, openMemberFolder, replayOf } from './member-folder.ts'
import { type Replayed, type ReplayOptions, replayWhole } from './replay.ts'

export interface Where {
  url?: string | undefined
  data?: string | undefined
}

/** Throws `bad-request` where both are given. */
export async function stateOf({ url, data }: Where, options: ReplayOptions = {}): Promise<Replayed> {
  if (url !== undefined && data !== undefined)
    throw new AnswerableError('bad-request', '--url and --data: give one of them')
  if (url !== undefined) return replayWhole(clientOf(readUrl(url).href), options)
  return replayOf(await openMemberFolder(data), options)
}
