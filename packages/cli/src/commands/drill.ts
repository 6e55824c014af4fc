/** Faults injected for real into a throwaway network: what was noticed, by whom, and what followed. */
import { notYet, optional } from '../optional.ts'

export async function run(args: string[]): Promise<number> {
  const module = await optional<{ runDrills(args: string[]): Promise<number | undefined> }>(
    '@answerable/node/drill',
  )
  if (module === undefined) throw notYet('the drill harness')
  return (await module.runDrills(args)) ?? 0
}
