/**
 * Simulated: a confidential machine like AMD's with a GPU like NVIDIA's, as a node's process meets them: what attests, and a
 * vendor's service that answers. Nothing of it is hardware; its roots are made here, and trusted by nobody by default.
 */
import { DEFAULT_EVIDENCE_POLICY, type Endorsement, type ReferenceValue } from '@answerable/core/evidence'
import { type Attester, type Attesters, reportDataFor } from '../attester/index.ts'
import type { Fetch } from '../witness/exchange.ts'
import { makeCrl, type RevokedEntry, secondOf } from './certificates.ts'
import { type ManifestMaker, makeManifestMaker } from './manifest.ts'
import { chipMaker, makeGpuEvidence } from './nvidia.ts'
import { Chip } from './snp.ts'

const FROM = '2020-01-01T00:00:00Z'
const TO = '2060-01-01T00:00:00Z'
const DAY_MS = 86_400_000
/** Bit 19 of a guest's policy: its host may look into it (SEV-SNP Firmware ABI, 56860, table "Guest Policy"). */
const POLICY = 0x30000n
const DEBUG_POLICY = 0xb0000n
/** What all of its reports measure. */
const MEASUREMENT = Buffer.alloc(48, 0x51)

/** Where its vendor's service is, as far as a configuration says. */
const VENDOR = 'http://vendor.invalid'

export class SimulatedMachine {
  readonly chip = new Chip({ from: FROM, to: TO })
  /** Whether its reports are of a guest that its host can look into. */
  debug = false
  /** Whether its vendor's service answers. */
  served = true
  /** In place of the nonce that its GPU is asked with. */
  gpuNonce: Uint8Array | undefined
  readonly #manifests: ManifestMaker = makeManifestMaker(TO, FROM)
  readonly #revoked: RevokedEntry[] = []
  #listed = Date.now() - DAY_MS

  /** The part of a node's configuration that has evidence made. */
  get config(): Record<string, unknown> {
    const nobody = { intel: null, nvidiaOcsp: null, nvidiaRim: null, nrasKeys: null }
    return {
      machine: { kind: 'configfs-tsm' },
      endorsements: { ...nobody, amd: VENDOR, timeoutSeconds: 2, attempts: 1 },
    }
  }

  /** The machine alone, or with its GPU. */
  attesters(gpu: boolean): Attesters {
    const machine: Attester = {
      kind: 'simulated machine',
      attest: async binding => ({ format: 'sev-snp', bytes: this.#report(binding), endorsements: [] }),
    }
    const device: Attester = {
      kind: 'simulated GPU',
      attest: async nonce => {
        const { document, endorsements } = makeGpuEvidence({
          nonce: this.gpuNonce ?? nonce,
          time: Date.now(),
          manifests: this.#manifests,
        })
        return { format: 'nvidia-gpu', bytes: document, endorsements }
      },
    }
    return { machine, devices: gpu ? [device] : [] }
  }

  #report(binding: Uint8Array): Uint8Array {
    return this.chip.report({
      reportData: reportDataFor('sev-snp', binding),
      policy: this.debug ? DEBUG_POLICY : POLICY,
      measurement: MEASUREMENT,
    })
  }

  /** Its vendor revokes the key that certified this chip, as of a time in Unix milliseconds. */
  revoke(time: number): void {
    this.#revoked.push({ certificate: this.chip.ask.certificate, time: secondOf(time) })
    this.#listed = time
  }

  /** All that its vendor says of it at present. */
  get endorsements(): Endorsement[] {
    return [...this.chip.endorsements, { kind: 'crl', bytes: this.#list() }]
  }

  #list(): Uint8Array {
    return makeCrl(this.chip.ark, this.#revoked, {
      from: secondOf(this.#listed),
      to: secondOf(this.#listed + 3 * DAY_MS),
    })
  }

  /** Its vendor's service, in the form of AMD's. */
  readonly vendor: Fetch = ({ url }) => {
    const { key, ask, ark } = this.chip
    if (!this.served) return new Response('come again another day', { status: 503 })
    const { pathname } = new URL(url)
    const body = pathname.endsWith('/crl')
      ? this.#list()
      : pathname.endsWith('/cert_chain')
        ? Buffer.from(ask.pem + ark.pem)
        : key.der
    return new Response(new Uint8Array(body))
  }

  /** The software that it measures, for whoever approves it. */
  get image(): ReferenceValue {
    return {
      format: 'sev-snp',
      measurements: { measurement: MEASUREMENT.toString('hex') },
      image: 'gateway 1.0 (simulated)',
      role: 'gateway',
    }
  }

  /** Of an evidence policy: these roots in place of the vendors', and that its vendor's list of revocations is asked for. */
  get policy(): Record<string, unknown> {
    const { require } = DEFAULT_EVIDENCE_POLICY
    return {
      roots: {
        amd: [this.chip.ark.fingerprint],
        nvidia: [chipMaker().root.fingerprint],
        'nvidia-rim': [this.#manifests.root.fingerprint],
      },
      require: { ...require, 'sev-snp': [...(require['sev-snp'] ?? []), 'revocation'] },
    }
  }
}
