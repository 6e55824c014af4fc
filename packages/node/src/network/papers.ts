/** The documents of a local network: its charter, the operator's terms, and the node's description of itself. */

import { formatVkey, type VerifierKey } from '@answerable/core/note'
import { formatPolicy, type Policy, type PolicyWitness } from '@answerable/core/tlog'
import type { GatewayConfig } from '../gateway/config.ts'
import type { ModelDescription } from '../runtime/index.ts'

/** How late a quorum may see a record before its absence can be challenged, in seconds. */
const MAXIMUM_DELAY = 60

/** The policy offered to readers: the logs, the witnesses in their owner's group, and a quorum that counts owners. */
export function policyOf(
  logs: { key: VerifierKey; url: string }[],
  witnesses: PolicyWitness[],
  owner: string,
): Policy {
  const group = `owner-${owner.replace(/[\s\p{Cc}]+/gu, '-')}`
  return {
    logs,
    witnesses,
    groups: [
      {
        name: group,
        threshold: Math.floor(witnesses.length / 2) + 1,
        members: witnesses.map(({ name }) => name),
      },
      { name: 'owners', threshold: 1, members: [group] },
    ],
    quorum: 'owners',
  }
}

export function charter(id: string, owner: string, witnesses: PolicyWitness[]): string {
  return pretty({
    type: 'https://answerable.dev/charter/v1',
    network: id,
    owners: [{ name: owner, witnesses: witnesses.map(({ key }) => formatVkey(key)) }],
    quorum: 'a majority of the witnesses of each of 1 owner',
    maximumDelaySeconds: MAXIMUM_DELAY,
    limits: 'One owner runs everything here, so the witnesses catch faults and accidents, and not the owner.',
  })
}

export function terms({ operator, retentionDays }: GatewayConfig): string {
  return pretty({
    type: 'https://answerable.dev/terms/v1',
    operator,
    retentionDays,
    promises:
      'Every answer has a record. Content is kept for the retention period, then erased; records stay.',
    liability:
      'None was agreed. A deployer who relies on these answers for decisions about people should agree terms.',
  })
}

export function nodeDescriptor(
  key: VerifierKey,
  { operator }: GatewayConfig,
  models: readonly ModelDescription[],
  version: string,
): string {
  return pretty({
    type: 'https://answerable.dev/node/v1',
    operator,
    log: { origin: key.name, vkey: formatVkey(key) },
    software: { name: 'answerable', version },
    models: models.map(({ name, version, manifest, signed }) => ({
      name,
      version,
      manifest: { sha256: manifest },
      ...(signed && { signed: { manifest: signed.manifest, key: signed.signer.key } }),
    })),
    evidence: null,
  })
}

export function trustOffer(name: string, policy: Policy): { type: string; name: string; policy: string } {
  return { type: 'https://answerable.dev/trust/v1', name, policy: formatPolicy(policy) }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
