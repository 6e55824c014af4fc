import { toHex, utf8 } from '../src/bytes.ts'
import type { JsonObject } from '../src/shape.ts'
import { chunkTreeOf, type DisclosureName, type InferenceEvent } from '../src/statement/index.ts'

import { suite } from './test-log.ts'

export interface Disclosing {
  request: Uint8Array
  response: Uint8Array
  /** In place of the usual values. */
  values?: Partial<Record<DisclosureName, JsonObject>>
}

/** What the disclosures of an event say. */
export function disclosedValues(
  event: InferenceEvent,
  { request, response, values }: Disclosing,
  key: Uint8Array,
): Record<DisclosureName, JsonObject> {
  const streamed = event === 'end' || event === 'interrupted'
  const tree = chunkTreeOf(response, key, suite)
  const chunks = { key: toHex(key), count: tree.count, root: toHex(tree.root()) }
  return {
    request: {
      sha256: suite.sha256Hex(request),
      length: request.length,
      method: 'POST',
      path: '/v2/models/credit/infer',
      mediaType: 'application/json',
    },
    response: {
      sha256: suite.sha256Hex(response),
      length: response.length,
      status: 200,
      mediaType: streamed ? 'text/event-stream' : 'application/json',
      outcome: event === 'interrupted' ? 'interrupted' : 'ok',
      ...(streamed && { chunks }),
    },
    model: {
      name: 'credit',
      version: '1',
      manifest: { sha256: suite.sha256Hex(utf8('weights')) },
      runtime: { name: 'onnxruntime', version: '1.0.0', threads: 1 },
    },
    sampling: { parameters: {}, seed: null },
    parties: {
      operator: 'Example Operator',
      deployer: 'Example Bank',
      declaredUse: 'credit decision',
      price: null,
      payees: [],
    },
    ...values,
  }
}
