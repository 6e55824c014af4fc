/**
 * `answerable/client`: receipts for whatever speaks over fetch, in browsers and servers alike.
 *
 * ```ts
 * import { recorded } from 'answerable/client'
 *
 * const answer = await recorded(fetch, { trust: policyText })('http://127.0.0.1:7070/v1/embeddings', {
 *   method: 'POST',
 *   headers: { 'content-type': 'application/json' },
 *   body: JSON.stringify({ model: 'some-model', input: 'text' }),
 * })
 * ```
 */
export { AnswerableError } from '@answerable/core'
export type { RecordedCall, WitnessedOptions } from './call.ts'
export type { Fetch, NamedPolicy, RecordedOptions, Refused, TrustSource } from './options.ts'
export { recorded } from './recorded.ts'
export { refusalOf } from './refusals.ts'
