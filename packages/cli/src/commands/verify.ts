/** Checking a receipt: six claims, what they rest on, and whether the reader's policy is met. */
import { basename } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { foreignSystem } from '@answerable/core/foreign'
import {
  type AcceptancePolicy,
  DEFAULT_POLICY,
  parseReceipt,
  publishersFrom,
  type Receipt,
  type Trust,
  trustFrom,
  type VerifyOptions,
  verify,
} from '@answerable/core/receipt'
import { parseInference } from '@answerable/core/statement'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { inFile, readCollateral, readInput, readPolicy, readReceipt, readTime } from '../input.ts'
import { print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { policyName, verificationLines } from '../output/verification.ts'
import { asTyped } from '../program.ts'
import { PublisherStore } from '../publisher-store.ts'
import { trustFor } from '../registry/kept.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    request: { type: 'string' },
    response: { type: 'string' },
    'as-of': { type: 'string' },
    policy: { type: 'string' },
    linked: { type: 'string', multiple: true, default: [] },
    collateral: { type: 'string', multiple: true, default: [] },
    key: { type: 'string' },
    attestation: { type: 'string' },
    nonce: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [file] = expectPositionals(positionals, 'FILE')
  const { request, response, key, attestation, linked, collateral } = values
  const paths = [file, request, response, values.policy, key, attestation, ...linked, ...collateral]
  if (paths.filter(path => path === '-').length > 1)
    throw new AnswerableError('bad-request', 'standard input (-) can be only one of the files')
  const policy = values.policy === undefined ? DEFAULT_POLICY : await readPolicy(values.policy)
  const options: VerifyOptions = { policy }
  if (values['as-of'] !== undefined) options.asOf = readTime(values['as-of'], '--as-of')
  const bytes = await readInput(file)
  const system = foreignSystem(bytes)
  if (system !== undefined) {
    const { verifyForeignFile } = await import('../foreign.ts')
    return verifyForeignFile(file, bytes, system, policy, values)
  }
  for (const name of ['key', 'attestation', 'nonce'] as const)
    if (values[name] !== undefined)
      throw new AnswerableError('bad-request', `--${name} is for receipts of other systems, and this is none`)
  const receipt = inFile(file, () => parseReceipt(bytes))
  if (values.request !== undefined) options.request = await readInput(values.request)
  if (values.response !== undefined) options.response = await readInput(values.response)
  if (values.collateral.length > 0) options.archives = [await readCollateral(values.collateral)]
  options.linked = await Promise.all(values.linked.map(readReceipt))
  const verification = verify(receipt, {
    suite: nodeSuite,
    trust: trustOf(policy, values.policy, logOf(receipt)),
    ...options,
  })
  const { claims, verdict, ...rest } = verification
  if (values.json) {
    printJson({
      receipt: file,
      policy: { name: values.policy ?? 'default', require: policy.require },
      verdict,
      claims,
      ...rest,
    })
  } else {
    print(...verificationLines(verification, policyName(policy, values.policy)))
    if (claims.recorded.reason === 'unknown-log')
      print('', ...wrap(`If you trust the network that has this log, add it: ${asTyped('trust add URL')}`))
  }
  return verdict.met ? 0 : 1
}

/** A policy file can bring the trust to judge by, networks and publishers; otherwise it is the reader's store. */
function trustOf(policy: AcceptancePolicy, file: string | undefined, log: string | undefined): Trust {
  const { publishers: own } = policy
  const publishers =
    own === undefined || file === undefined
      ? new PublisherStore().all()
      : inFile(file, () => publishersFrom(own, nodeSuite))
  const { evidence } = policy
  return { ...networksOf(policy, file, log), publishers, ...(evidence && { evidence }) }
}

/** From the reader's store also what the network's registry says, as it was kept. */
function networksOf({ trust }: AcceptancePolicy, file: string | undefined, log: string | undefined): Trust {
  if (trust === undefined || file === undefined) {
    const store = new TrustStore()
    return log === undefined ? store.trust() : trustFor(store, log)
  }
  const name = basename(file)
  const texts = trust.map((policy, i) => ({ name: trust.length === 1 ? name : `${name} ${i + 1}`, policy }))
  return inFile(file, () => trustFrom(texts, nodeSuite))
}

/** The log that a receipt names; of one that names none, nothing is shown in any case. */
function logOf({ statement }: Receipt): string | undefined {
  try {
    return parseInference(statement).log
  } catch {
    return undefined
  }
}
