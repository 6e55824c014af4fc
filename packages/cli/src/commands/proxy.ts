/** The loopback proxy, which takes and checks a receipt for every answer. */
import { notYet, optional } from '../optional.ts'

export async function run(args: string[]): Promise<number> {
  const specifier = new URL('../client/proxy.ts', import.meta.url).href
  const module = await optional<{ runProxy(args: string[]): Promise<number | undefined> }>(specifier)
  if (module === undefined) throw notYet('the proxy')
  return (await module.runProxy(args)) ?? 0
}
