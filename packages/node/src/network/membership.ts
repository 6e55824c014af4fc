/** Who this folder is, and in which network: made once, kept in `membership.json`. */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { ROLES } from '@answerable/core/registry'
import { z } from 'zod'
import type { Disk } from '../storage/disk.ts'

const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/, 'lower-case letters, digits, . and -')
const Digest = z.string().regex(/^[0-9a-f]{64}$/)

const Membership = z.strictObject({
  member: Slug,
  name: z.string().min(1).max(256),
  ownerGroup: Slug,
  roles: z.array(z.enum(ROLES)).min(1),
  jurisdiction: z.string().regex(/^[A-Z]{2}$/, 'a country as in ISO 3166-1 alpha-2'),
  hosting: z.string().min(1).max(256),
  /** Of a legal entity: what the document is, and its digest. */
  evidence: z.strictObject({ description: z.string().min(1).max(256), sha256: Digest }).optional(),
  /** How many witnesses this member runs. */
  witnesses: z.number().int().min(0).max(9),
  /** What the network is called; only where it was founded here. */
  networkName: z.string().max(64).optional(),
  /** Terms that the charter of a network founded here has, besides the defaults. */
  terms: z.record(z.string(), z.unknown()).optional(),
  /** SHA-256 of the charter's statement; absent until the network is founded. */
  network: Digest.optional(),
  /** Base URLs of members that the registry is first asked of. */
  peers: z.array(z.url({ protocol: /^https?$/ })).max(64),
})
export type Membership = z.infer<typeof Membership>

export async function loadMembership(disk: Disk, folder: string): Promise<Membership | undefined> {
  const path = join(folder, 'membership.json')
  const stored = await disk.readFile(path)
  if (stored === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(stored.toString())
  } catch (cause) {
    throw new AnswerableError('corrupt', `${path}: not JSON`, { cause })
  }
  return checkMembership(value, path)
}

/** Throws `corrupt`, with where and why. */
export function checkMembership(value: unknown, where: string): Membership {
  const parsed = Membership.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AnswerableError('corrupt', `${where}: ${issue!.path.join('.')}: ${issue!.message}`)
}

export async function saveMembership(disk: Disk, folder: string, membership: Membership): Promise<void> {
  await disk.replace(join(folder, 'membership.json'), Buffer.from(`${JSON.stringify(membership, null, 2)}\n`))
}

/** A network of one owner, which needs nobody's leave. */
export function soloMembership(id: string, operator: string): Membership {
  return {
    member: `${id}.local`,
    name: operator,
    ownerGroup: slugOf(operator),
    roles: ['operator', 'publisher', 'validator'],
    jurisdiction: 'ZZ',
    hosting: 'own',
    witnesses: 3,
    networkName: id,
    // One owner's clock needs few ticks, and no applicant waits for another chamber.
    terms: { tickSeconds: 600, maximumGapSeconds: 1800, waitingSeconds: 0 },
    peers: [],
  }
}

/** A name in the form that owner groups have. */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '')
  return slug === '' ? 'owner' : slug
}
