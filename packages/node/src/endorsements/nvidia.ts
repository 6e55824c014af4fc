/**
 * NVIDIA's services about a device: whether its certificates are revoked (OCSP, one question for each that somebody in the
 * chain issued), and its reference measurements (RIM service, docs.nvidia.com/attestation: GET /v1/rim/<id>).
 */
import { AnswerableError, fromBase64, parseJson } from '@answerable/core'
import type { Endorsement } from '@answerable/core/evidence'
import { type Certificate, isNamedIssuer } from '@answerable/core/x509'
import { ocspRequest } from './ocsp-request.ts'
import { ask, type ServiceOptions } from './service.ts'

const MOST_ANSWER = 32 * 1024
const MOST_RIM = 512 * 1024
/** A chain has five; more would be somebody's wish to have us ask a lot. */
const MOST_QUESTIONS = 8
const RIM_ID = /^[A-Za-z0-9._-]{1,128}$/

/** Answers for all certificates in a chain but its root. Throws `unavailable` where one is missing. */
export async function ocspAnswers(
  chain: readonly Certificate[],
  url: string,
  options: ServiceOptions,
): Promise<Endorsement[]> {
  const questions = chain.flatMap(one => {
    const issuer = chain.find(other => other !== one && isNamedIssuer(other, one))
    return issuer === undefined ? [] : [{ one, issuer }]
  })
  const found: Endorsement[] = []
  for (const { one, issuer } of questions.slice(0, MOST_QUESTIONS)) {
    const body = ocspRequest(one, issuer, 'sha384')
    const question = { url, most: MOST_ANSWER, body, type: 'application/ocsp-request' }
    found.push({ kind: 'ocsp', bytes: (await ask(question, options)).bytes })
  }
  return found
}

/** One manifest. Throws `unavailable`. */
export async function referenceManifest(
  id: string,
  base: string,
  options: ServiceOptions,
): Promise<Endorsement> {
  if (!RIM_ID.test(id)) throw new AnswerableError('bad-evidence', 'the evidence names no manifest')
  const { bytes } = await ask({ url: `${base}/v1/rim/${id}`, most: MOST_RIM * 2 }, options)
  try {
    const { rim } = parseJson(bytes, { maxBytes: MOST_RIM * 2, maxDepth: 4 }) as { rim?: unknown }
    if (typeof rim !== 'string') throw new TypeError('no field rim')
    return { kind: 'rim', bytes: fromBase64(rim.replace(/\s+/g, '')) }
  } catch (cause) {
    throw new AnswerableError('unavailable', `${id}: the answer is not of the service’s form`, { cause })
  }
}
