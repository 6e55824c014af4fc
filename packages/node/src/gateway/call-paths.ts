/** Which paths take calls, and by which protocol. */
import { isInfer } from './kserve.ts'
import { READ_PATHS } from './openai.ts'

export type CallProtocol = 'openai' | 'kserve'

export function callPaths(passThrough: readonly string[]): (path: string) => CallProtocol | undefined {
  const passed = new Set(passThrough)
  return path => {
    if (READ_PATHS.has(path) || passed.has(path)) return 'openai'
    return isInfer(path) ? 'kserve' : undefined
  }
}
