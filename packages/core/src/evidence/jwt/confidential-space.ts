/**
 * Google Confidential Space attestation tokens ("Confidential Space token claims"): Google's word on a virtual machine and the
 * container in it. Tokens with their certificates in the header lead to the root of Confidential Space; OIDC tokens name a
 * key of a set, which counts where its SHA-256 is among the reader's roots for Google.
 *
 * The container binds what it likes as `eat_nonce`: 64 lower-case hex digits are report data of 32 bytes. Of several, the one
 * that the reader asked with is the nonce, and the first of the others in that form is the report data.
 */
import { equal, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { JsonObject } from '../../shape.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, EvidenceFormat, Findings } from '../format.ts'
import { boundBytes, facts, objectClaim, textClaim, textsClaim, textsOf } from './claims.ts'
import { type Jws, parseJws } from './jws.ts'
import { believeByChain, believeByKeySet, readTimes, type TokenTimes } from './trust.ts'

export const CONFIDENTIAL_SPACE_ISSUER = 'https://confidentialcomputing.googleapis.com'

export interface ConfidentialSpaceToken {
  token: Jws
  times: TokenTimes
}

/** Machines by `hwmodel`; a shielded one has no memory of its own, and is none of these. */
const MACHINES = new Map([
  ['GCP_AMD_SEV', 'AMD SEV'],
  ['GCP_AMD_SEV_ES', 'AMD SEV-ES'],
  ['GCP_AMD_SEV_SNP', 'AMD SEV-SNP'],
  ['GCP_INTEL_TDX', 'Intel TDX'],
])
const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/
const MOST_NONCES = 6

export const confidentialSpace: EvidenceFormat<ConfidentialSpaceToken> = {
  format: 'confidential-space',

  parse(bytes) {
    const token = parseJws(bytes, 'Confidential Space')
    if (token.claims.iss !== CONFIDENTIAL_SPACE_ISSUER)
      throw new AnswerableError(
        'bad-evidence',
        `Confidential Space: iss: expected "${CONFIDENTIAL_SPACE_ISSUER}"`,
      )
    return { token, times: readTimes(token.claims, 'Confidential Space') }
  },

  check({ token, times }, context) {
    const { claims, chain } = token
    const { checks, window } =
      chain === undefined
        ? believeByKeySet([{ name: 'the token', token, times }], 'google', context)
        : believeByChain({ ...token, chain }, times, 'google', context)
    const machine = MACHINES.get(textClaim(claims, 'hwmodel') ?? '')
    const findings: Findings = {
      format: 'confidential-space',
      platform: `Google Confidential Space${machine === undefined ? '' : ` (${machine})`}`,
      measurements: measurementsOf(claims),
      facts: factsOf(claims),
      checks: [...checks, platformCheck(claims, machine), debugCheck(claims)],
      window,
      ...nonces(claims, context),
    }
    if (times.issued !== undefined) findings.time = times.issued
    return findings
  },
}

function containerOf(claims: JsonObject): JsonObject | undefined {
  return objectClaim(objectClaim(claims, 'submods') ?? {}, 'container')
}

function measurementsOf(claims: JsonObject): Record<string, string> {
  const container = containerOf(claims)
  const measurements: Record<string, string> = {}
  for (const name of ['image_digest', 'image_id']) {
    const value = container?.[name]
    if (typeof value === 'string' && IMAGE_DIGEST.test(value)) measurements[name] = value
  }
  return measurements
}

function factsOf(claims: JsonObject): JsonObject {
  const submods = objectClaim(claims, 'submods') ?? {}
  const container = objectClaim(submods, 'container')
  const machine = objectClaim(submods, 'gce')
  return facts({
    hardware: textClaim(claims, 'hwmodel'),
    software: textClaim(claims, 'swname'),
    version: textsClaim(claims, 'swversion'),
    support: textsClaim(objectClaim(submods, 'confidential_space'), 'support_attributes'),
    audience: textsClaim(claims, 'aud'),
    subject: textClaim(claims, 'sub'),
    image: textClaim(container, 'image_reference'),
    // The digest is of the image; these are what it was started with beyond it.
    arguments: textsClaim(container, 'args'),
    argumentsOverridden: textsClaim(container, 'cmd_override'),
    environmentOverridden: Object.keys(objectClaim(container ?? {}, 'env_override') ?? {})
      .slice(0, 32)
      .flatMap(name => textsClaim({ name }, 'name')),
    project: textClaim(machine, 'project_id'),
    zone: textClaim(machine, 'zone'),
    instance: textClaim(machine, 'instance_id'),
  })
}

function platformCheck(claims: JsonObject, machine: string | undefined): Check {
  const software = textClaim(claims, 'swname')
  if (software !== 'CONFIDENTIAL_SPACE')
    return check('platform', 'fail', 'platform-mismatch', `its image is ${software ?? 'not named'}`)
  if (machine === undefined)
    return check(
      'platform',
      'fail',
      'platform-mismatch',
      `its machine, ${textClaim(claims, 'hwmodel') ?? 'not named'}, is not known to keep its memory to itself`,
    )
  if (claims.secboot !== true)
    return check('platform', 'fail', 'platform-needs-configuration', 'it was not started by secure boot')
  const space = objectClaim(objectClaim(claims, 'submods') ?? {}, 'confidential_space')
  const support = textsOf(space?.support_attributes)
  if (support.includes('STABLE') || support.includes('LATEST'))
    return check('platform', 'pass', 'platform-accepted', 'Google supports its image, and watches for holes')
  return support.includes('USABLE')
    ? check('platform', 'fail', 'platform-out-of-date', 'Google no longer supports its image')
    : check('platform', 'not-checked', 'no-platform-status', 'Google does not say whether its image is supported') // biome-ignore format: one of two
}

function debugCheck({ dbgstat }: JsonObject): Check {
  if (dbgstat === undefined)
    return check('debug', 'not-checked', 'debug-not-stated', 'it says nothing of debugging')
  return dbgstat === 'disabled-since-boot'
    ? check('debug', 'pass', 'not-debug', 'nobody can log in to its machine, and could since it was started')
    : check('debug', 'fail', 'debug-mode', 'its image is the one that its owner can log in to')
}

function nonces(claims: JsonObject, { nonce }: AppraisalContext): Pick<Findings, 'nonce' | 'reportData'> {
  const texts = textsOf(claims.eat_nonce).slice(0, MOST_NONCES)
  const asked = texts.find(
    text => nonce !== undefined && (equal(boundBytes(text), nonce) || equal(utf8(text), nonce)),
  )
  const bound = texts.find(text => text !== asked && boundBytes(text).length !== utf8(text).length)
  const shown = asked ?? texts[0]
  return {
    ...(shown !== undefined && { nonce: asked === undefined ? boundBytes(shown) : nonce! }),
    ...(bound !== undefined && { reportData: boundBytes(bound) }),
  }
}
