/** Where the reader's own things are kept: whom they trust, and the newest checkpoint that they saw of each log. */
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'

type Environment = Record<string, string | undefined>

/** ANSWERABLE_HOME, or `answerable` in the user's configuration folder. Nothing is made by asking. */
export function homeFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  user: string = homedir(),
): string {
  const own = environment.ANSWERABLE_HOME
  if (own) return resolve(own)
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'answerable')
  if (platform === 'win32') return join(environment.APPDATA || join(user, 'AppData', 'Roaming'), 'answerable')
  return join(absolute(environment.XDG_CONFIG_HOME) ?? join(user, '.config'), 'answerable')
}

/** Where `start` and `gateway` keep a network's data unless told otherwise. */
export function dataFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  user: string = homedir(),
): string {
  if (environment.ANSWERABLE_HOME) return join(resolve(environment.ANSWERABLE_HOME), 'data')
  if (platform === 'darwin') return join(homeFolder(environment, platform, user), 'data')
  if (platform === 'win32')
    return join(environment.LOCALAPPDATA || join(user, 'AppData', 'Local'), 'answerable', 'data')
  return join(absolute(environment.XDG_DATA_HOME) ?? join(user, '.local', 'share'), 'answerable')
}

/** Where models that were fetched are kept, beside the data of networks. */
export function storeFolder(environment: Environment = process.env): string {
  return join(dataFolder(environment), '..', environment.ANSWERABLE_HOME ? 'models' : 'answerable-models')
}

/** The XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined
}

/** Writes a file whole or not at all, readable by its owner alone, and makes the folders above it likewise. */
export function writePrivately(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  replaceFile(path, content, 0o600)
}

/** Replaces a file by one of this mode, whatever the mode of the one before was. */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    writeFileSync(temporary, content, { mode, flag: 'wx' })
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw new AnswerableError('not-writable', `${path}: cannot be written (${codeOf(cause)})`, { cause })
  }
}

/** Refuses a file that others could have changed: whom one trusts is not for them to say. Throws `bad-config`. */
export function refuseWritableByOthers(path: string): void {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o022) !== 0)
    throw new AnswerableError('bad-config', `${path}: others can write to it; run: chmod go-w "${path}"`)
}

/** The system's name for what went wrong, such as ENOSPC. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown'
}
