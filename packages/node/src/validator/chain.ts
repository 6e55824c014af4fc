/** A validator's hash chain for the beacon: links that it can reveal one by one, each the SHA-256 of the next. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AnswerableError, toHex } from '@answerable/core'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'

/** Six weeks of hours. */
export const CHAIN_LENGTH = 1008

export interface HashChain {
  /** SHA-256 of the first link, in hex: what is committed to. */
  tip: string
  length: number
  /** The link to reveal when `left` of them are, in hex. */
  link(left: number): string
}

/** The chain of this number; its secret is made on first use. */
export async function openChain(disk: Disk, folder: string, number: number): Promise<HashChain> {
  const path = join(folder, `chain-${number}`)
  let secret = await disk.readFile(path)
  if (secret === undefined) {
    await disk.list(folder)
    secret = randomBytes(32)
    await disk.replace(path, secret)
  }
  if (secret.length !== 32) throw new AnswerableError('corrupt', `${path}: not 32 bytes`)
  const links: Uint8Array[] = [secret]
  for (let i = 1; i <= CHAIN_LENGTH; i++) links.push(nodeSuite.sha256(links[i - 1]!))
  return {
    tip: toHex(links[CHAIN_LENGTH]!),
    length: CHAIN_LENGTH,
    link: left => toHex(links[left - 1]!),
  }
}
