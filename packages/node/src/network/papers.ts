/** Documents that receipts name by digest: the operator's terms, and the node's description of itself. */

import { formatVkey, type VerifierKey } from '@answerable/core/note'
import { formatPolicy, type Policy } from '@answerable/core/tlog'
import type { GatewayConfig } from '../gateway/config.ts'
import type { ModelDescription } from '../runtime/index.ts'

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
  { operator, evidence }: GatewayConfig,
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
    // How it comes by evidence; which, and whether any, each record says.
    evidence:
      evidence === undefined ? null : { machine: evidence.machine.kind, devices: evidence.devices.length },
  })
}

/** What a reader is offered to trust: a policy, and the network whose registry it comes from. */
export function trustOffer(
  name: string,
  policy: Policy,
  network: string,
): { type: string; name: string; policy: string; network: string } {
  return { type: 'https://answerable.dev/trust/v1', name, policy: formatPolicy(policy), network }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
