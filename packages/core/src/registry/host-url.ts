/** Where the registry's host is reached: by its member's present address, which may have changed since it began. */
import type { State } from './state.ts'

export function hostUrl(state: State): string | undefined {
  const { host } = state
  return host && (state.members.get(host.member)?.url ?? host.url)
}
