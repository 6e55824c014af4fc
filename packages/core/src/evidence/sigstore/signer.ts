/** Whom a certificate of Sigstore's authority names (https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md). */
import { fromUtf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import {
  type Certificate,
  contextTag,
  type Der,
  expectTag,
  readDer,
  readOid,
  TAG,
  within,
} from '../../x509/index.ts'

export interface Signer {
  /** Exactly as certified: an address, a URI, or a name. */
  identity: string
  kind: 'email' | 'uri' | 'name'
  /** The URL of who vouched for that identity (OpenID Connect). */
  issuer: string
  /** What the authority certified of a build, by name; empty where it is not one. */
  build: Readonly<Record<string, string>>
}

export const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const FULCIO = '1.3.6.1.4.1.57264.1.'
/** Before certificates had their values in DER. */
const ISSUER_1 = `${FULCIO}1`
const ISSUER_2 = `${FULCIO}8`
const OTHER_NAME = `${FULCIO}7`
const BUILD = {
  'build-signer': 9,
  'build-signer-digest': 10,
  runner: 11,
  source: 12,
  'source-digest': 13,
  'source-ref': 14,
  config: 18,
  'config-digest': 19,
  trigger: 20,
  run: 21,
} as const
const MOST_TEXT = 2048

/** Throws `bad-certificate`, and as `readDer` does. */
export function readSigner({ extensions }: Certificate): Signer {
  const names = extensions.get(SUBJECT_ALTERNATIVE_NAME)
  if (names === undefined) throw bad('it names nobody')
  const listed = within(readDer(names.value), TAG.sequence, 'names', 8)
  // The authority puts exactly one there; of two, readers would pick different ones.
  if (listed.length !== 1) throw bad(`it has ${listed.length} names where one belongs`)
  const first = extensions.get(ISSUER_1)
  const second = extensions.get(ISSUER_2)
  const issuers = [
    ...(second === undefined ? [] : [derText(second.value)]),
    ...(first === undefined ? [] : [text(first.value)]),
  ]
  const [issuer] = issuers
  if (issuer === undefined || issuers.some(one => one !== issuer))
    throw bad('it does not say, or in two ways, who vouched for the identity')
  const build: Record<string, string> = {}
  for (const [name, number] of Object.entries(BUILD)) {
    const extension = extensions.get(`${FULCIO}${number}`)
    if (extension !== undefined) build[name] = derText(extension.value)
  }
  return { ...identityOf(listed[0]!), issuer, build }
}

/** GeneralName (RFC 5280 section 4.2.1.6). */
function identityOf(name: Der): Pick<Signer, 'identity' | 'kind'> {
  if (name.tag === contextTag(1, false)) return { identity: text(name.content), kind: 'email' }
  if (name.tag === contextTag(6, false)) return { identity: text(name.content), kind: 'uri' }
  if (name.tag !== contextTag(0)) throw bad('its name is neither an address nor a URI')
  const [id, value] = within({ ...name, tag: TAG.sequence }, TAG.sequence, 'name', 2)
  if (readOid(id) !== OTHER_NAME || value?.tag !== contextTag(0)) throw bad('its name is of an unknown kind')
  return { identity: derText(value.content), kind: 'name' }
}

function derText(value: Uint8Array): string {
  return text(expectTag(readDer(value), TAG.utf8String, 'text').content)
}

/** It is compared exactly and shown, so nothing in it may be hidden. */
function text(bytes: Uint8Array): string {
  const found = fromUtf8(bytes.subarray(0, MOST_TEXT + 1))
  if (found === '' || bytes.length > MOST_TEXT || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(found))
    throw bad('a text in it is empty, too long or has control characters')
  return found
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-certificate', `certificate: ${message}`)
}
