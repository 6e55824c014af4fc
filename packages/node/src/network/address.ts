/**
 * Where the process of a data folder is reached: by its configuration, and, kept while it runs so that commands on the
 * folder find it, where it listens.
 */
import { join } from 'node:path'
import { z } from 'zod'
import type { GatewayConfig } from '../gateway/config.ts'
import type { Disk } from '../storage/disk.ts'

const Address = z.strictObject({
  /** On loopback, as a rule. */
  url: z.url({ protocol: /^https?$/ }),
  /** What the registry has of it. */
  publicUrl: z.string(),
})
export type Address = z.infer<typeof Address>

/** Undefined where nothing was started, or it ended as it should. A process that was killed leaves its address. */
export async function loadAddress(disk: Disk, folder: string): Promise<Address | undefined> {
  const bytes = await disk.readFile(pathIn(folder))
  if (bytes === undefined) return undefined
  try {
    return Address.parse(JSON.parse(bytes.toString()))
  } catch {
    return undefined
  }
}

export async function saveAddress(disk: Disk, folder: string, address: Address): Promise<void> {
  await disk.replace(pathIn(folder), Buffer.from(`${JSON.stringify(address)}\n`))
}

export async function forgetAddress(disk: Disk, folder: string): Promise<void> {
  await disk.remove(pathIn(folder)).catch(() => undefined)
}

/** The address that the configuration gives this member. */
export function statedUrl({ network, publicUrl }: GatewayConfig): string | undefined {
  return network === undefined ? publicUrl?.replace(/\/+$/, '') : network.publicUrl
}

/** Before it listens: where it will, unless the port is any. */
export function listeningUrl({ network, host, port }: GatewayConfig): string {
  return `http://${network?.host ?? host}:${network?.port ?? port}`
}

function pathIn(folder: string): string {
  return join(folder, 'address.json')
}
