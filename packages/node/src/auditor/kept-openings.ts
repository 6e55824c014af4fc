/**
 * Openings that an operator signed and that do not open what its log holds: evidence against it, kept on disk for whoever
 * is to be shown it. The key in it was made for that one request, so with the file alone anybody can see what was sent.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex } from '@answerable/core'
import {
  openDisclosedRecord,
  openDisclosureAnswer,
  parseDisclosedRecord,
  signerOf,
} from '@answerable/core/audit'
import type { State } from '@answerable/core/registry'
import type { JWK } from 'jose'
import { decryptWith } from '../audit-service/jwe.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'
import type { Disclosure, DisclosureEvidence } from './disclosure-outcome.ts'

/** As it lies on disk: envelopes as text. */
export interface KeptOpening extends Pick<DisclosureEvidence, 'log' | 'index' | 'operator' | 'time'> {
  problem: string
  /** What the log holds there, in hex, and its proof. */
  entry: string
  proof: string
  request: string
  answer: string
  ciphertext: string
  recipient: JWK
}

/** An operator that lies each time is not given a disk to fill. */
const MOST_KEPT = 64

export class KeptOpenings {
  readonly #disk: Disk
  readonly #folder: string

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Resolves with the file's path; undefined where there is nothing to keep, or no more room. */
  async keep({
    problem,
    evidence,
  }: Extract<Disclosure, { outcome: 'wrong-opening' }>): Promise<string | undefined> {
    const { log, index, operator, time, entry, proof, request, answer, ciphertext, recipient } = evidence
    if (!entry || !proof || !request || !answer || ciphertext === undefined || !recipient) return undefined
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const path = join(this.#folder, `${entry}.json`)
    const there = await this.files()
    if (there.length >= MOST_KEPT && !there.includes(path)) return undefined
    const kept: KeptOpening = {
      problem,
      log,
      index,
      operator,
      time,
      entry,
      proof,
      request: Buffer.from(request).toString(),
      answer: Buffer.from(answer).toString(),
      ciphertext,
      recipient,
    }
    await this.#disk.replace(path, Buffer.from(JSON.stringify(kept)))
    return path
  }

  async files(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => [])
    return names.filter(name => /^[0-9a-f]{64}\.json$/.test(name)).map(name => join(this.#folder, name))
  }

  static async read(path: string): Promise<KeptOpening> {
    return JSON.parse(await readFile(path, 'utf8')) as KeptOpening
  }
}

/**
 * What is wrong with a kept opening, looked at anew: who signed it, and how it does not open the entry. Undefined where it
 * shows nothing against anybody. Throws as reading envelopes does.
 */
export async function judgeOpening(
  { log, index, entry, answer, ciphertext, recipient }: KeptOpening,
  state: State,
): Promise<{ signer: string; problem: string } | undefined> {
  const signed = openDisclosureAnswer(Buffer.from(answer), nodeSuite)
  const signer = signerOf(signed, state, nodeSuite)?.id
  const { said } = signed
  const isOfIt = said.log === log && said.index === index
  if (
    signer === undefined ||
    !isOfIt ||
    said.ciphertext.sha256 !== nodeSuite.sha256Hex(Buffer.from(ciphertext))
  )
    return undefined
  if (said.statement !== entry) return { signer, problem: 'other-record' }
  let bytes: Uint8Array
  try {
    bytes = await decryptWith(recipient, ciphertext)
  } catch {
    return { signer, problem: 'does-not-decrypt' }
  }
  try {
    const record = parseDisclosedRecord(bytes)
    const opened = openDisclosedRecord(record, { log, index }, new Map([[index, fromHex(entry)]]), nodeSuite)
    return 'problem' in opened ? { signer, problem: opened.problem } : undefined
  } catch {
    return { signer, problem: 'malformed' }
  }
}
