/** Signing keys in files that their owner alone can read: PKCS#8 PEM, made on first use. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { statSync } from 'node:fs'
import { AnswerableError } from '@answerable/core'
import { type NoteSigner, SIG_ED25519, verifierKey } from '@answerable/core/note'
import type { Disk } from '../storage/disk.ts'
import { nodeSuite } from './suite.ts'

/** Reads the Ed25519 key at `path`, or makes one there. Throws `bad-config` for a file that others can read. */
export async function loadKey(disk: Disk, path: string): Promise<KeyObject> {
  const pem = await disk.readFile(path)
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    await disk.replace(path, Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string))
    return privateKey
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new AnswerableError(
      'bad-config',
      `${path}: others can read this private key; run: chmod 600 "${path}"`,
    )
  }
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new AnswerableError('bad-config', `${path}: not a PKCS#8 private key in PEM`, { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new AnswerableError('bad-config', `${path}: not an Ed25519 key`)
  return key
}

/** A signer of notes under `name`: plain (type 0x01) for logs, or with the type of cosignatures for witnesses. */
export function noteSigner(name: string, privateKey: KeyObject, type: number = SIG_ED25519): NoteSigner {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }) as Buffer
  return {
    key: verifierKey(name, type, new Uint8Array(spki.subarray(-32)), nodeSuite),
    sign: message => sign(null, message, privateKey),
  }
}
