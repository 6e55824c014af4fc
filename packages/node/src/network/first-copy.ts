/**
 * The first copy of a registry, taken when a member applies: what it looked at when it agreed is what it goes on from.
 * It has to be then, while the others are a quorum by themselves: once this member is in, a quorum waits for its
 * witness, and that cosigns nothing before it has a copy.
 */
import { bookFolder, RegistryBook } from '../registry/book.ts'
import { RegistryClient } from '../registry/client.ts'
import type { Keyring } from '../registry/keyring.ts'
import { Mirror } from '../registry/mirror.ts'
import type { Disk } from '../storage/disk.ts'

export interface FirstCopyOptions {
  disk: Disk
  /** The data folder, which the caller has locked. */
  folder: string
  keyring: Keyring
  /** SHA-256 of the charter's statement. */
  network: string
  /** Of a member that has it. */
  url: string
}

/** Throws as `Mirror.follow` does: `unavailable` where no quorum cosigned what is to be had. */
export async function takeFirstCopy({
  disk,
  folder,
  keyring,
  network,
  url,
}: FirstCopyOptions): Promise<void> {
  const book = await RegistryBook.open({ disk, folder: bookFolder(folder), signer: keyring.signer('host') })
  try {
    const mirror = await Mirror.open({ book, disk, folder, network, member: keyring.member })
    if (mirror.official === undefined) {
      if (book.size > 0) await book.rewind(0, [], true)
      await mirror.follow(new RegistryClient({ url }))
    }
  } finally {
    await book.close()
  }
}
