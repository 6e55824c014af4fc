/** The witnesses of a local network: three servers in this process, each with its own key and its own memory. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatVkey, type NoteSigner, SIG_COSIGNATURE_ED25519, type VerifierKey } from '@answerable/core/note'
import type { Hono } from 'hono'
import { loadKey, noteSigner } from '../log/keys.ts'
import type { Disk } from '../storage/disk.ts'
import type { Gate } from '../validator/gate.ts'
import { type Fetch, originId, Witness, WitnessClient, WitnessState, witnessApp } from '../witness/index.ts'

export interface LocalWitness {
  name: string
  key: VerifierKey
  app: Hono
  /** Under the network's origin. */
  path: string
  client: WitnessClient
  signer: NoteSigner
  trust(vkeys: readonly string[]): void
  /** The size of the newest checkpoint of an origin that it cosigned; 0 where none. */
  cosigned(origin: string): number
  /** Set once: stands before the witness for every call. */
  guard(gate: Gate): void
  close(): void
}

export interface LocalWitnessOptions {
  report: (error: unknown) => void
  /** Stands between the logs and a witness, by its name. */
  reach: ((witness: string, send: Fetch) => Fetch) | undefined
}

export async function openWitnesses(
  disk: Disk,
  folder: string,
  member: string,
  count: number,
  { report, reach = (_, send) => send }: LocalWitnessOptions,
): Promise<LocalWitness[]> {
  const witnesses: LocalWitness[] = []
  for (let n = 1; n <= count; n++) {
    const own = join(folder, `witness-${n}`)
    mkdirSync(own, { recursive: true, mode: 0o700 })
    const signer = noteSigner(
      `${member}/witness-${n}`,
      await loadKey(disk, join(own, 'key.pem')),
      SIG_COSIGNATURE_ED25519,
    )
    const store = new WitnessState(join(own, 'witness.sqlite'))
    const witness = new Witness({ state: store, cosigners: [signer] })
    let gate: Gate | undefined
    const app = witnessApp(witness, { onError: report, gate: async body => gate?.(body) })
    const name = `witness-${n}`
    const path = `/witness/${n}`
    witnesses.push({
      name,
      key: signer.key,
      signer,
      app,
      path,
      // In this process a call is a function call; the address only has to have the right form.
      client: new WitnessClient({
        name,
        vkey: formatVkey(signer.key),
        url: 'http://witness.invalid',
        fetch: reach(name, request => app.fetch(request)),
      }),
      trust(vkeys) {
        const known = new Set(witness.logs())
        for (const vkey of vkeys) if (!known.has(vkey)) witness.addLog(vkey)
      },
      cosigned: origin => witness.latest(originId(origin))?.size ?? 0,
      guard(one) {
        gate = one
      },
      close: () => store.close(),
    })
  }
  return witnesses
}
