/**
 * A member's keys: one file a purpose, readable by their owner alone. The recovery key is here at first, so that a
 * network of one owner needs no ceremony; docs/network.md says to take it elsewhere, and nothing needs it to be here.
 */
import { join } from 'node:path'
import { AnswerableError, toHex } from '@answerable/core'
import { formatVkey, type NoteSigner } from '@answerable/core/note'
import type { Purpose, StatementSigner } from '@answerable/core/registry'
import { loadKey, noteSigner } from '../log/keys.ts'
import type { Disk } from '../storage/disk.ts'

type Held = 'member' | 'recovery' | 'validator' | 'host'

export interface Keyring {
  member: string
  signer(purpose: Held): NoteSigner
  /** The recovery key, where it is still here. */
  has(purpose: Held): boolean
  statements(purpose: Held): StatementSigner
  /** As a statement brings them: each with the signer that proves it. */
  readonly all: { purpose: Purpose; key: string; signer: StatementSigner }[]
  /** Makes another key for hosting: an origin that ended is never gone on with. */
  replaceHost(): Promise<NoteSigner>
}

const HELD: readonly Held[] = ['member', 'recovery', 'validator', 'host']

/** Opens the keys of a member, and makes those that are missing where `create` says so. */
export async function openKeyring(
  disk: Disk,
  folder: string,
  member: string,
  witnesses: readonly NoteSigner[],
  create: boolean,
): Promise<Keyring> {
  const keys = join(folder, 'keys')
  const signers = new Map<Held, NoteSigner>()
  for (const purpose of HELD) {
    const path = join(keys, `${purpose}.pem`)
    if (!create && (await disk.readFile(path)) === undefined) continue
    await disk.list(keys)
    signers.set(purpose, noteSigner(`${member}/${nameOf(purpose)}`, await loadKey(disk, path)))
  }
  let hosts = 1
  const hostKey = async (number: number) =>
    noteSigner(`${member}/registry-${number}`, await loadKey(disk, join(keys, `host-${number}.pem`)))
  while ((await disk.readFile(join(keys, `host-${hosts + 1}.pem`))) !== undefined) hosts++
  if (hosts > 1) signers.set('host', await hostKey(hosts))
  const signer = (purpose: Held): NoteSigner => {
    const found = signers.get(purpose)
    if (found === undefined)
      throw new AnswerableError(
        'bad-config',
        `${join(keys, `${purpose}.pem`)}: this needs the ${purpose} key, which is not here`,
      )
    return found
  }
  return {
    member,
    signer,
    has: purpose => signers.has(purpose),
    statements: purpose => statementSigner(signer(purpose)),
    get all() {
      return [
        ...[...signers].map(([purpose, one]) => ({ purpose: purpose as Purpose, one })),
        ...witnesses.map(one => ({ purpose: 'witness' as Purpose, one })),
      ].map(({ purpose, one }) => ({ purpose, key: formatVkey(one.key), signer: statementSigner(one) }))
    },
    async replaceHost() {
      hosts++
      const made = await hostKey(hosts)
      signers.set('host', made)
      return made
    },
  }
}

/** The signer of envelopes by a note's key. */
export function statementSigner({ key, sign }: NoteSigner): StatementSigner {
  return { keyid: toHex(key.publicKey), sign }
}

/** The host's key signs a log, whose origin is the key's name. */
function nameOf(purpose: Held): string {
  return purpose === 'host' ? 'registry' : purpose
}
