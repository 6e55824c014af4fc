/** Records of a model whose manifest a publisher signed. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { toHex, utf8 } from '../src/bytes.ts'
import {
  formatManifest,
  formatModelSignature,
  manifestDigest,
  type PublisherKey,
  parsePublisherKey,
  signedBytes,
  type TrustedPublisher,
} from '../src/model/index.ts'
import type { JsonObject } from '../src/shape.ts'
import { type Made, suite, type World } from './fixture.ts'

export interface SignedAnswerOptions {
  /** What answered, where that is not what was signed. */
  weights?: Uint8Array
  /** Whether another key than the one named made the signature. */
  forged?: boolean
  /** In place of fields that the record has of the signature. */
  signed?: JsonObject
}

const WEIGHTS = utf8('weights')

export function newPublisher(name = 'Example Publisher'): TrustedPublisher & { privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key: PublisherKey = parsePublisherKey(
    publicKey.export({ type: 'spki', format: 'pem' }) as string,
    suite,
  )
  return { name, key, privateKey }
}

export function signedAnswer(
  world: World,
  { weights = WEIGHTS, forged = false, signed = {} }: SignedAnswerOptions = {},
): Made & { publisher: TrustedPublisher } {
  const publisher = newPublisher()
  const resources = [
    { name: 'card.json', sha256: toHex(suite.sha256(utf8('card'))) },
    { name: 'credit.onnx', sha256: suite.sha256Hex(WEIGHTS) },
  ]
  const payload = formatManifest({ name: 'credit', resources }, suite)
  const by = forged ? newPublisher() : publisher
  const signature = formatModelSignature({
    payload,
    sig: new Uint8Array(sign('sha256', signedBytes(payload), by.privateKey)),
    signer: { mode: 'key', hint: publisher.key.id },
  })
  const made = world.answer({
    values: {
      model: {
        name: 'credit',
        version: '1',
        manifest: { sha256: suite.sha256Hex(weights) },
        signed: {
          manifest: manifestDigest(payload, suite),
          file: 'credit.onnx',
          signature: suite.sha256Hex(signature),
          signer: { mode: 'key', key: publisher.key.id },
          ...signed,
        },
        runtime: { name: 'onnxruntime', version: '1.0.0', threads: 1 },
      },
    },
  })
  return { ...made, receipt: { ...made.receipt, modelSignature: signature }, publisher }
}
