/** What a signed in-toto statement (v0.1 or v1) is about: digests, and what sort of fact about them. */
import { parseJson } from '../../json.ts'
import { STATEMENT_MEDIA_TYPE, STATEMENT_TYPE } from '../../statement/intoto.ts'
import type { BundleContent } from './bundle.ts'
import { isSet, shape } from './fields.ts'

export interface SignedSubjects {
  /** `https://slsa.dev/provenance/v1` for how something was built. */
  predicateType: string
  subjects: { name: string; digests: Readonly<Record<string, string>> }[]
}

const TYPES = [STATEMENT_TYPE, 'https://in-toto.io/Statement/v0.1']
const MOST_SUBJECTS = 1024
const MOST_DIGESTS = 16
const HEX = /^(?:[0-9a-f]{2}){1,64}$/
const PLAIN = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u

/** Undefined where what is signed is no statement. Throws `bad-endorsement` and what `parseJson` throws. */
export function readSubjects(content: BundleContent): SignedSubjects | undefined {
  if (content.kind !== 'dsse' || content.payloadType !== STATEMENT_MEDIA_TYPE) return undefined
  const { payload } = content
  const root = shape.object(parseJson(payload, { maxBytes: payload.length, maxDepth: 32 }), 'statement')
  shape.literal(root._type, '_type', TYPES)
  const subjects = shape.array(root.subject, 'subject', MOST_SUBJECTS).map((item, i) => {
    const { name, digest } = shape.object(item, `subject[${i}]`)
    const digests = Object.entries(shape.object(digest, `subject[${i}].digest`))
    if (digests.length === 0 || digests.length > MOST_DIGESTS)
      shape.fail(`subject[${i}].digest`, `1 to ${MOST_DIGESTS} digests`)
    return {
      name: isSet(name) ? shape.string(name, `subject[${i}].name`, 1024, PLAIN) : '',
      digests: Object.fromEntries(
        digests.map(([algorithm, value]) => [
          shape.string(algorithm, `subject[${i}].digest`, 64, PLAIN),
          shape.string(value, `subject[${i}].digest`, 1024, PLAIN),
        ]),
      ),
    }
  })
  return { predicateType: shape.string(root.predicateType, 'predicateType', 1024, PLAIN), subjects }
}

/** Whether one of them has this SHA-256. */
export function isAbout({ subjects }: SignedSubjects, sha256: string): boolean {
  return HEX.test(sha256) && subjects.some(({ digests }) => digests.sha256 === sha256)
}
