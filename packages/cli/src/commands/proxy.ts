/** The loopback proxy, which takes and checks a receipt for every answer. */
import { runProxy } from '../client/proxy.ts'

export function run(args: string[]): Promise<number> {
  return runProxy(args)
}
