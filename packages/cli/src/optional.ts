/** Parts that are loaded when they are asked for, and may not be built in. */
import { AnswerableError } from '@answerable/core'
import { codeOf } from './home.ts'

/** A module by its specifier; undefined where there is none of that name. Its own faults come through. */
export async function optional<T>(specifier: string): Promise<T | undefined> {
  try {
    return (await import(specifier)) as T
  } catch (error) {
    // A module that is there and fails to find one of its own parts names that part instead.
    const missing =
      codeOf(error) === 'ERR_MODULE_NOT_FOUND' || codeOf(error) === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
    const last = specifier.split('/').slice(-1)[0]!
    if (missing && (error as Error).message.includes(last)) return undefined
    throw error
  }
}

/** The error for a part that is not there. */
export function notYet(what: string): AnswerableError {
  return new AnswerableError('unavailable', `${what} is not part of this version`)
}
