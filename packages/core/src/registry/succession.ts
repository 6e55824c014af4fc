/** Who may host next, in an order that everyone computes alike. */
import type { Member } from './records.ts'
import type { State } from './state.ts'

/** Active validators with a host key that has not hosted yet, beginning after the present host's member. */
export function successors(state: State): { member: Member; vkey: string }[] {
  const validators = [...state.members.values()].filter(
    ({ status, roles, url }) => status === 'active' && roles.includes('validator') && url !== null,
  )
  const at = validators.findIndex(({ id }) => id === state.host?.member)
  const inOrder = [...validators.slice(at + 1), ...validators.slice(0, Math.max(0, at))]
  const found: { member: Member; vkey: string }[] = []
  for (const member of inOrder) {
    const key = state.keysOfMember(member.id).find(([, { purpose, revoked, key: text }]) => {
      const name = text.slice(0, text.indexOf('+'))
      return purpose === 'host' && revoked === null && !state.hosts.has(name)
    })
    if (key !== undefined) found.push({ member, vkey: key[1].key })
  }
  return found
}
