/** Receipts of other systems, made by keys of the tests' own: no public ones with their keys are known for two of them. */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { utf8 } from '../src/bytes.ts'
import { DEFAULT_EVIDENCE_POLICY, endorsementsFrom, NO_ENDORSEMENTS } from '../src/evidence/index.ts'
import type { ForeignOptions, ForeignSystem } from '../src/foreign/findings.ts'
import { verifyForeign } from '../src/foreign/index.ts'
import { portableSuite } from '../src/portable.ts'
import { DEFAULT_POLICY } from '../src/receipt/acceptance.ts'
import { appraiseMade, makeTdxQuote, QUOTE_TIME } from './quote.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests change any field of it
export type AnyJson = any

export const NOW = Date.parse('2026-07-01T00:00:00Z')

/** The claims and more, with all that a reader need not bring left out. */
export function lookAt(system: ForeignSystem, file: AnyJson, options: Partial<ForeignOptions> = {}) {
  const bytes = file instanceof Uint8Array ? file : utf8(JSON.stringify(file))
  return verifyForeign(system, bytes, DEFAULT_POLICY, {
    suite: portableSuite,
    evidencePolicy: DEFAULT_EVIDENCE_POLICY,
    endorsements: NO_ENDORSEMENTS,
    now: NOW,
    ...options,
  })
}

export type Looked = ReturnType<typeof lookAt>

/** Result and reason of each claim that is about the exchange. */
export function outcomes({ claims }: Looked): Record<string, string> {
  return Object.fromEntries(
    (['recorded', 'model', 'place'] as const).map(name => [
      name,
      `${claims[name].result} ${claims[name].reason}`,
    ]),
  )
}

export class Gateway {
  readonly #privateKey: KeyObject
  readonly spki: Uint8Array
  readonly pem: string
  readonly teeId: string

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.#privateKey = privateKey
    this.spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
    this.pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    this.teeId = `0x${hex(keccak_256(this.spki))}`
  }

  /** `canonical` and `output` are what is hashed, which the test writes down itself. */
  response(canonical: string, output: string, body: AnyJson, timestamp = 1_780_000_000): AnyJson {
    const requestHash = keccak_256(utf8(canonical))
    const outputHash = keccak_256(utf8(output))
    const time = Buffer.alloc(32)
    time.writeBigUInt64BE(BigInt(timestamp), 24)
    const message = keccak_256(Buffer.concat([requestHash, outputHash, time]))
    const signature = sign('sha256', message, {
      key: this.#privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    })
    return {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: timestamp,
      model: 'gpt-4.1',
      ...body,
      tee_signature: signature.toString('base64'),
      tee_request_hash: hex(requestHash),
      tee_output_hash: hex(outputHash),
      tee_timestamp: timestamp,
      tee_id: this.teeId,
    }
  }
}

export class Wallet {
  readonly #secretKey = secp256k1.utils.randomSecretKey()
  readonly address: string

  constructor() {
    const point = secp256k1.getPublicKey(this.#secretKey, false)
    this.address = `0x${hex(keccak_256(point.subarray(1)).subarray(12))}`
  }

  sign(text: string): string {
    const digest = keccak_256(utf8(`\x19Ethereum Signed Message:\n${utf8(text).length}${text}`))
    const made = secp256k1.sign(digest, this.#secretKey, { prehash: false, format: 'recovered' })
    return `0x${hex(made.subarray(1))}${(made[0]! + 27).toString(16)}`
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A TDX machine whose workload has this signed along, and a reader who trusts its root and knows its software. */
export function tdxMachine(reportData: Uint8Array) {
  const made = makeTdxQuote({ reportData })
  const { measurements } = appraiseMade(made)
  const named = { mrtd: measurements.mrtd!, rtmr1: measurements.rtmr1! }
  const known = { format: 'tdx', measurements: named, image: 'a gateway', role: 'gateway' } as const
  const { roots } = DEFAULT_EVIDENCE_POLICY
  const evidencePolicy = { ...DEFAULT_EVIDENCE_POLICY, roots: { ...roots, intel: [made.root] } }
  return {
    quote: hex(made.quote),
    trusting: {
      evidencePolicy: { ...evidencePolicy, references: [known] },
      endorsements: endorsementsFrom(made.endorsements),
      asOf: QUOTE_TIME,
    },
    /** The same, but for which software that is. */
    unknowing: { evidencePolicy, endorsements: endorsementsFrom(made.endorsements), asOf: QUOTE_TIME },
  }
}
