/**
 * What this member makes of others' evidence, where it is a validator or an auditor: each document with its newest archive
 * is appraised under the charter's policy, as of when that archive was stated, so that all who look at the same come to the
 * same. Whose software or policy is another's comes to something else, and both are on record.
 */
import { errorCode, type JsonObject, type Suite } from '@answerable/core'
import {
  type AppraisedItem,
  type CheckName,
  DocumentAppraiser,
  type EvidencePolicy,
  parseEndorsements,
  parseEvidenceDocument,
  policyDigest,
  requiredChecks,
} from '@answerable/core/evidence'
import { type EvidenceRecord, evidencePolicyUnder } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from './book.ts'
import type { RegistryDocuments } from './documents.ts'
import type { Keyring } from './keyring.ts'
import type { Submitter } from './submitter.ts'

export interface AppraiserOptions {
  book: RegistryBook
  documents: RegistryDocuments
  submitter: Submitter
  keyring: Keyring
  appraise?: typeof appraiseEvidence
  report: (event: string, error?: unknown) => void
}

export interface EvidenceToAppraise {
  document: Uint8Array
  archive: Uint8Array
  /** vkey of the log that the registry has it under. */
  log: string
  policy: EvidencePolicy
  /** Unix milliseconds. */
  time: number
}

/** Appraised in a round: each takes some milliseconds of this thread. */
const ROUND = 4
const MOST_REASONS = 32

export class Appraiser {
  readonly #options: AppraiserOptions
  /** Documents that may lack this member's word, by digest. */
  readonly #due = new Set<string>()
  #looked = 0
  #round: Promise<void> | undefined

  constructor(options: AppraiserOptions) {
    this.#options = options
  }

  /** One round. Never rejects: what could not be brought to the host is brought in the next. */
  perform(): Promise<void> {
    this.#round ??= this.#perform()
      .catch(error => {
        if (errorCode(error) === 'internal') this.#options.report('evidence could not be looked at', error)
      })
      .finally(() => {
        this.#round = undefined
      })
    return this.#round
  }

  async idle(): Promise<void> {
    await this.#round
  }

  async #perform(): Promise<void> {
    const { book, keyring } = this.#options
    const { state } = book
    if (book.noted < this.#looked) this.#looked = 0
    const member = state.members.get(keyring.member)
    const mayAppraise = member?.roles.some(role => role === 'validator' || role === 'auditor')
    // Looked at again from the beginning by one that comes to have the role.
    if (member?.status !== 'active' || !mayAppraise) return
    const from = this.#looked
    this.#looked = book.noted
    if (book.ofKind('evidence', from).some(({ effective }) => effective))
      for (const { digest } of state.evidence.values()) this.#due.add(digest)
    let done = 0
    for (const digest of [...this.#due]) {
      const record = state.evidence.get(digest)
      if (record === undefined || this.#isSettled(record, member.ownerGroup)) this.#due.delete(digest)
      else if (this.#isHere(record)) {
        if (await this.#appraised(record)) this.#due.delete(digest)
        if (++done >= ROUND) return
      }
    }
  }

  /** A fault of ours over one document must not keep this member from the rest: it is told, and that one left alone. */
  async #appraised(record: EvidenceRecord): Promise<boolean> {
    try {
      return await this.#appraise(record)
    } catch (error) {
      if (errorCode(error) !== 'internal') throw error
      this.#options.report(`evidence ${record.digest} could not be appraised`, error)
      return true
    }
  }

  /** What nobody can have must not stand in the way of the rest. */
  #isHere({ digest, bytes, endorsements }: EvidenceRecord): boolean {
    const { documents } = this.#options
    const newest = endorsements.at(-1)!
    return documents.has(digest, bytes) && documents.has(newest.digest, newest.bytes)
  }

  /** Its own word is there already, or would be on its own machines. */
  #isSettled({ member, endorsements, appraisals }: EvidenceRecord, group: string): boolean {
    const { book, keyring } = this.#options
    if (book.state.members.get(member)?.ownerGroup === group) return true
    const { digest } = endorsements.at(-1)!
    return appraisals.some(one => one.by === keyring.member && one.endorsements === digest)
  }

  /** Whether that is done with. */
  async #appraise({ digest, log, endorsements }: EvidenceRecord): Promise<boolean> {
    const { book, documents, submitter, keyring, appraise = appraiseEvidence } = this.#options
    const newest = endorsements.at(-1)!
    const [document, archive] = await Promise.all([documents.get(digest), documents.get(newest.digest)])
    if (document === undefined || archive === undefined) return false
    const { state } = book
    const policy = evidencePolicyUnder(state.terms)
    // Before the first ticks there is no registry time.
    const time = newest.stated.time || state.time
    if (time === 0) return false
    const { vkey } = state.logs.get(log)!
    const found = appraise({ document, archive, log: vkey, policy, time }, nodeSuite)
    const body: JsonObject = {
      evidence: digest,
      endorsements: newest.digest,
      asOf: new Date(time).toISOString(),
      policy: policyDigest(policy, nodeSuite),
      ...found,
    }
    const purpose = state.members.get(keyring.member)!.roles.includes('validator') ? 'validator' : 'member'
    try {
      await submitter.state('appraisal', body, [keyring.statements(purpose)])
      return true
    } catch (error) {
      // Said before, or of an archive that is not among the newest any more.
      if (errorCode(error) === 'rule-forbids') return true
      throw error
    }
  }
}

/** Whether a document with one archive meets a policy as of a time, and if not, why: checks with their reasons. */
export function appraiseEvidence(
  { document, archive, log, policy, time }: EvidenceToAppraise,
  suite: Suite,
): { met: boolean; reasons: string[] } {
  try {
    const archives = [parseEndorsements(archive)]
    const parsed = parseEvidenceDocument(document)
    const { machine, devices, checks, verdict } = new DocumentAppraiser(parsed, {
      log,
      policy,
      archives,
      suite,
    }).at(time)
    const reasons = [
      ...reasonsOf(machine, policy, 'binding'),
      ...devices.flatMap(item => reasonsOf(item, policy, 'nonce')),
      ...checks.filter(({ outcome }) => outcome === 'fail').map(({ check, reason }) => `${check}:${reason}`),
    ]
    return { met: verdict.met, reasons: [...new Set(reasons)].slice(0, MOST_REASONS) }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'internal') throw error
    return { met: false, reasons: [`document:${code}`] }
  }
}

/** Checks that fail, and those that are required and did not pass. `also` is what its place in the document asks. */
function reasonsOf(
  { format, appraisal, error }: AppraisedItem,
  policy: EvidencePolicy,
  also: CheckName,
): string[] {
  if (appraisal === undefined) return [`document:${error?.code ?? 'unknown-format'}`]
  const reasons = appraisal.checks
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ check, reason }) => `${check}:${reason}`)
  for (const name of requiredChecks(format, policy).add(also)) {
    const own = appraisal.checks.filter(({ check }) => check === name)
    const open = own.find(({ outcome }) => outcome === 'not-checked')
    if (own.length === 0 || open !== undefined) reasons.push(`${name}:${open?.reason ?? 'missing'}`)
  }
  return reasons
}
