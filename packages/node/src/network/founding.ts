/** The charter of a new network, and the application of one who joins. */
import type { JsonObject } from '@answerable/core'
import {
  DEFAULT_TERMS,
  NEWEST_RULES,
  parseTerms,
  registryPayload,
  signEnvelope,
} from '@answerable/core/registry'
import type { Keyring } from '../registry/keyring.ts'
import type { Membership } from './membership.ts'

/** Entry 0 of a network that this member founds and hosts, signed by all the keys that it brings. */
export function charterEntry(
  membership: Membership,
  keyring: Keyring,
  url: string,
  time: number,
): Uint8Array {
  const { member, networkName = member, terms = {} } = membership
  return charterOf([{ membership, keyring, url }], { name: networkName, terms }, time)
}

/** A member who signs the charter. */
export interface Founder {
  membership: Membership
  keyring: Keyring
  url: string
}

/** Entry 0 of a network that several found together, the first its host. Signed by all the keys that they bring. */
export function charterOf(
  founders: readonly Founder[],
  { name, terms, rules = NEWEST_RULES }: { name: string; terms: Record<string, unknown>; rules?: number },
  time: number,
): Uint8Array {
  const [{ membership, keyring, url }] = founders as [Founder]
  const body: JsonObject = {
    name,
    rules,
    terms: { ...DEFAULT_TERMS, ...parseTerms(terms) } as unknown as JsonObject,
    founders: founders.map(one => ({
      member: memberFields(one.membership, one.url),
      keys: keysOf(one.keyring),
    })),
    host: {
      vkey: keyring.all.find(({ purpose }) => purpose === 'host')!.key,
      member: membership.member,
      url,
    },
  }
  return signEnvelope(
    registryPayload({ kind: 'charter', by: membership.member, time, body }),
    founders.flatMap(one => one.keyring.all.map(({ signer }) => signer)),
  )
}

/**
 * An application, signed by the applicant's keys. Its author is the member who sponsors it, and who has yet to sign.
 */
export function applicationEntry(
  membership: Membership,
  keyring: Keyring,
  { sponsor, network, url, time }: { sponsor: string; network: string; url: string; time: number },
): Uint8Array {
  const body: JsonObject = { member: memberFields(membership, url), keys: keysOf(keyring) }
  return signEnvelope(
    registryPayload({ kind: 'application', network, by: sponsor, time, body }),
    keyring.all.map(({ signer }) => signer),
  )
}

/** A member's own words about itself, as statements have them. */
export function memberFields(membership: Membership, url: string | null): JsonObject {
  const { member, name, ownerGroup, roles, jurisdiction, hosting, evidence } = membership
  return {
    id: member,
    name,
    ownerGroup,
    roles,
    jurisdiction,
    hosting,
    ...(url !== null && { url }),
    ...(evidence && { evidence: { ...evidence } }),
  }
}

function keysOf(keyring: Keyring): JsonObject[] {
  return keyring.all.map(({ purpose, key }) => ({ purpose, key }))
}
