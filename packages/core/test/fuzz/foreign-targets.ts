/** What is fed with damaged inputs of other systems' receipts, and of Sigstore's: their readers, with all that follows. */
import { fromBase64, utf8 } from '../../src/bytes.ts'
import { checkProvenance } from '../../src/evidence/index.ts'
import { readTimestamp } from '../../src/evidence/sigstore/timestamp.ts'
import { FOREIGN_SYSTEMS, foreignSystem } from '../../src/foreign/index.ts'
import { readSignedRequest } from '../../src/foreign/opengradient/request.ts'
import type { Suite } from '../../src/suite.ts'
import { type AnyJson, Gateway, lookAt, Wallet } from '../foreign.ts'
import { NOW as LATER, LOGGED, Sigstore } from '../sigstore.ts'
import type { Target } from './fuzz.ts'

const REQUEST = {
  model: 'm',
  temperature: 1e-5,
  max_tokens: 10,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'é' },
        { type: 'file', file: { filename: 'a' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [{ id: '1', function: { name: 'f', arguments: '{}' } }] },
  ],
}

/** `suite` takes most signatures for good, so that what comes after them is tried too. */
export function foreignTargets(suite: Suite): Target[] {
  const sigstore = new Sigstore()
  const bundle: AnyJson = sigstore.bundle({ stamped: [LOGGED] })
  const [stamp] = bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps
  const trustedRoot = sigstore.trustedRoot()
  const digest = `sha256:${'0'.repeat(64)}`
  const wallet = new Wallet()
  const text = `m:${'0'.repeat(64)}:${'1'.repeat(64)}`
  const files: Record<(typeof FOREIGN_SYSTEMS)[number], AnyJson> = {
    opengradient: new Gateway().response('{}', 'x', { choices: [{ message: { content: 'x' } }] }),
    near: { text, signature: wallet.sign(text), signing_address: wallet.address, signing_algo: 'ecdsa' },
    aci: {
      api_version: 'aci/1',
      receipt_id: 'r',
      workload_keyset_digest: digest,
      served_at: 1,
      event_log: [{ type: 'request.received', body_hash: digest }],
      key_id: 'k',
      signature: '00',
    },
  }
  return [
    ...FOREIGN_SYSTEMS.map(
      (system): Target => ({
        name: `receipt, ${system}`,
        seeds: [utf8(JSON.stringify(files[system]))],
        read(bytes) {
          foreignSystem(bytes)
          lookAt(system, bytes, { suite })
          return undefined
        },
      }),
    ),
    {
      name: 'request, opengradient',
      seeds: [utf8(JSON.stringify(REQUEST))],
      read(bytes) {
        readSignedRequest(bytes)
        return undefined
      },
    },
    {
      name: 'timestamp of Sigstore',
      seeds: [fromBase64(stamp.signedTimestamp)],
      read(bytes) {
        readTimestamp(bytes)
        return undefined
      },
    },
    {
      name: 'provenance by Sigstore',
      seeds: [utf8(JSON.stringify(bundle))],
      read: bytes => () => {
        checkProvenance({ bundle: bytes, trustedRoot, time: LATER, suite })
      },
    },
  ]
}
