/** `verify`, for a receipt of another system: the same six claims, under the same policy. */
import { AnswerableError } from '@answerable/core'
import { DEFAULT_EVIDENCE_POLICY, endorsementsFrom } from '@answerable/core/evidence'
import { type ForeignOptions, type ForeignSystem, verifyForeign } from '@answerable/core/foreign'
import type { AcceptancePolicy } from '@answerable/core/receipt'
import { nodeSuite } from '@answerable/node/log'
import { inFile, readCollateral, readInput, readTime } from './input.ts'
import { foreignLines } from './output/foreign.ts'
import { print, printJson } from './output/style.ts'
import { policyName } from './output/verification.ts'

/** As they were typed. */
export interface ForeignValues {
  request?: string | undefined
  response?: string | undefined
  key?: string | undefined
  attestation?: string | undefined
  nonce?: string | undefined
  'as-of'?: string | undefined
  policy?: string | undefined
  collateral: readonly string[]
  linked: readonly string[]
  json: boolean
}

export async function verifyForeignFile(
  file: string,
  bytes: Uint8Array,
  system: ForeignSystem,
  policy: AcceptancePolicy,
  values: ForeignValues,
): Promise<number> {
  if (values.linked.length > 0)
    throw new AnswerableError('bad-request', '--linked: no receipt of this system links to others')
  const options: ForeignOptions = {
    suite: nodeSuite,
    evidencePolicy: policy.evidence ?? DEFAULT_EVIDENCE_POLICY,
    endorsements: endorsementsFrom(await readCollateral(values.collateral)),
    now: Date.now(),
  }
  if (values['as-of'] !== undefined) options.asOf = readTime(values['as-of'], '--as-of')
  if (values.nonce !== undefined) options.nonce = values.nonce
  for (const name of ['request', 'response', 'key', 'attestation'] as const) {
    const path = values[name]
    if (path !== undefined) options[name] = await readInput(path)
  }
  const verification = inFile(file, () => verifyForeign(system, bytes, policy, options))
  const { verdict } = verification
  if (values.json) {
    const { claims, verdict: _, ...rest } = verification
    printJson({
      receipt: file,
      policy: { name: values.policy ?? 'default', require: policy.require },
      verdict,
      claims,
      ...rest,
    })
  } else print(...foreignLines(verification, policyName(policy, values.policy)))
  return verdict.met ? 0 : 1
}
