/**
 * NVIDIA Remote Attestation Service: its word on evidence of GPUs and switches, as a detached EAT bundle (RFC 9711 section
 * 5, "Claims guide" of NVIDIA's attestation documents): `[["JWT", overall], {"GPU-0": token, ...}]`, where the overall token
 * has the SHA-256 of each other one.
 *
 * The service's keys change, so its key set is archived with the evidence, and counts where its SHA-256 is among the reader's
 * roots for it. No token is published together with its keys: this is tested on tokens made in tests, by the documents.
 */
import { fromHex, utf8 } from '../../bytes.ts'
import { parseJson } from '../../json.ts'
import { type Json, type JsonObject, Shape } from '../../shape.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, EvidenceFormat, Findings } from '../format.ts'
import { shownText } from '../text.ts'
import { facts, hexClaim, objectClaim, textClaim } from './claims.ts'
import { type Jws, parseJws, strictly } from './jws.ts'
import { believeByKeySet, readTimes, type TokenTimes } from './trust.ts'

export const NRAS_ISSUER = 'https://nras.attestation.nvidia.com'

interface Part {
  name: string
  token: Jws
  times: TokenTimes
  /** The exact bytes, which the overall token has a digest of. */
  bytes: Uint8Array
}

export interface NrasBundle {
  overall: Part
  devices: Part[]
}

const MAX_BUNDLE_BYTES = 512 * 1024
const MOST_DEVICES = 32
const NAME = /^(?:GPU|SWITCH|NVSWITCH)-[0-9]{1,3}$/
const shape = new Shape('bad-evidence')

export const nras: EvidenceFormat<NrasBundle> = {
  format: 'nras',

  parse(bytes) {
    return strictly('NRAS', () => {
      const limits = { maxBytes: MAX_BUNDLE_BYTES, maxDepth: 2, maxKeys: MOST_DEVICES }
      const root = shape.array(parseJson(bytes, limits), 'NRAS', 2)
      const [kind, overall] = shape.array(root[0], 'NRAS: overall', 2)
      shape.literal(kind, 'NRAS: overall', ['JWT'])
      const devices = Object.entries(shape.object(root[1], 'NRAS: devices'))
      if (devices.length === 0) shape.fail('NRAS: devices', 'at least one')
      return {
        overall: readPart('the overall token', overall),
        devices: devices.map(([name, token]) =>
          readPart(shape.string(name, 'NRAS: devices', 16, NAME, 'names like GPU-0'), token),
        ),
      }
    })
  },

  check(bundle, context) {
    const { overall, devices } = bundle
    const { checks, window } = believeByKeySet([overall, ...devices], 'nras', context)
    const [signature, ...others] = checks as [Check, ...Check[]]
    const nonce = nonceOf(bundle)
    const findings: Findings = {
      format: 'nras',
      platform: `NVIDIA ${[...new Set(devices.map(hardwareOf))].join(', ')}, by NVIDIA’s attestation service`,
      measurements: measurementsOf(devices),
      facts: factsOf(bundle),
      checks: [
        detachedCheck(bundle, signature, context),
        ...others.filter(one => one.check !== 'revocation'),
        revocationCheck(devices),
        platformCheck(bundle),
        debugCheck(devices),
        measurementCheck(devices),
        // Tokens on other questions than the overall one's are of another time.
        ...(nonce === 'differ'
          ? [check('nonce', 'fail', 'wrong-nonce', 'its tokens answer different nonces')]
          : []),
      ],
      window,
    }
    if (nonce instanceof Uint8Array) findings.nonce = nonce
    if (overall.times.issued !== undefined) findings.time = overall.times.issued
    return findings
  },
}

function readPart(name: string, value: Json | undefined): Part {
  const text = shape.string(value, `NRAS: ${name}`, MAX_BUNDLE_BYTES)
  const token = parseJws(text, `NRAS: ${name}`)
  shape.literal(token.claims.iss, `NRAS: ${name}: iss`, [NRAS_ISSUER])
  return { name, token, times: readTimes(token.claims, `NRAS: ${name}`), bytes: utf8(text) }
}

/** A device's token that the overall one does not name is somebody's addition, whoever signed it. */
function detachedCheck({ overall, devices }: NrasBundle, signature: Check, context: AppraisalContext): Check {
  if (signature.outcome === 'fail') return signature
  const submods = objectClaim(overall.token.claims, 'submods') ?? {}
  const wrong = devices.find(({ name, bytes }) => digestOf(submods[name]) !== context.suite.sha256Hex(bytes))
  if (wrong !== undefined)
    return check('signature', 'fail', 'bad-signature', `the overall token is not about this ${wrong.name}`)
  const missing = Object.keys(submods).find(name => !devices.some(one => one.name === name))
  return missing === undefined
    ? signature
    : check('signature', 'fail', 'bad-signature', `the token of ${shownText(missing, 32)} is missing`)
}

/** `["DIGEST", ["SHA-256", hex]]`; NVIDIA's own library writes SHA256. */
function digestOf(value: Json | undefined): string | undefined {
  if (!Array.isArray(value) || value[0] !== 'DIGEST' || !Array.isArray(value[1])) return undefined
  const [algorithm, digest] = value[1]
  if (algorithm !== 'SHA-256' && algorithm !== 'SHA256') return undefined
  return typeof digest === 'string' ? digest.toLowerCase() : undefined
}

function nonceOf({ overall, devices }: NrasBundle): Uint8Array | 'differ' | undefined {
  const nonces = [overall, ...devices].map(({ token }) => hexClaim(token.claims, 'eat_nonce'))
  const [first] = nonces
  if (nonces.some(one => one !== first)) return 'differ'
  return first === undefined ? undefined : fromHex(first)
}

function hardwareOf({ token }: Part): string {
  return textClaim(token.claims, 'hwmodel') ?? 'device'
}

/** By NVIDIA's names, where all devices agree; where they do not, with the device's before it. */
function measurementsOf(devices: readonly Part[]): Record<string, string> {
  const measurements: Record<string, string> = {}
  const names = ['driver-version', 'vbios-version', 'bios-version'].flatMap(one => [
    `x-nvidia-gpu-${one}`,
    `x-nvidia-switch-${one}`,
  ])
  for (const name of [...names, 'hwmodel']) {
    const values = devices.map(({ token }) => textClaim(token.claims, name))
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue
      const same = values.every(one => one === value)
      measurements[same ? name : `${devices[i]!.name.toLowerCase()}.${name}`] = value
    }
  }
  return measurements
}

function factsOf({ overall, devices }: NrasBundle): JsonObject {
  return facts({
    issuer: NRAS_ISSUER,
    version: textClaim(overall.token.claims, 'x-nvidia-ver'),
    devices: devices.map(({ name, token }) =>
      facts({ name, hardware: textClaim(token.claims, 'hwmodel'), id: textClaim(token.claims, 'ueid') }),
    ),
  })
}

/** Only what the service says outright counts as its acceptance. */
function platformCheck({ overall, devices }: NrasBundle): Check {
  if (overall.token.claims['x-nvidia-overall-att-result'] !== true)
    return check('platform', 'fail', 'rejected-by-service', 'NVIDIA’s service does not say that all is well')
  const insecure = devices.find(({ token }) => token.claims.secboot === false)
  return insecure === undefined
    ? check('platform', 'pass', 'platform-accepted', 'NVIDIA’s service says that all is well')
    : check('platform', 'fail', 'platform-needs-configuration', `${insecure.name} is without secure boot`)
}

function debugCheck(devices: readonly Part[]): Check {
  const states = devices.map(({ token }) => token.claims.dbgstat)
  if (states.some(one => typeof one === 'string' && one !== 'disabled'))
    return check('debug', 'fail', 'debug-mode', 'a device can be looked into')
  return states.every(one => one === 'disabled')
    ? check('debug', 'pass', 'not-debug', 'debugging is disabled on every device')
    : check('debug', 'not-checked', 'debug-not-stated', 'a token says nothing of debugging')
}

function measurementCheck(devices: readonly Part[]): Check {
  const wrong = devices.find(({ token }) => textClaim(token.claims, 'measres')?.toLowerCase() !== 'success')
  return wrong === undefined
    ? check(
        'measurement',
        'pass',
        'measurement-matches-reference',
        'NVIDIA’s reference measurements, its service says',
      )
    : check(
        'measurement',
        'fail',
        'measurement-differs-from-reference',
        `NVIDIA’s service does not say it of ${wrong.name}`,
      )
}

/** What the service was told of certificates (claims of version 3 and later). */
function revocationCheck(devices: readonly Part[]): Check {
  let answered = true
  for (const { name, token } of devices) {
    for (const claim of Object.keys(token.claims).filter(one => one.endsWith('-cert-chain'))) {
      const state = objectClaim(token.claims, claim)
      const status = textClaim(state, 'x-nvidia-cert-ocsp-status')
      if (status !== 'revoked' && textClaim(state, 'x-nvidia-cert-status') !== 'revoked') continue
      const held = /hold/i.test(textClaim(state, 'x-nvidia-cert-revocation-reason') ?? '')
      return check(
        'revocation',
        'fail',
        held ? 'certificate-on-hold' : 'certificate-revoked',
        `a certificate of ${name}, NVIDIA’s service says`,
      )
    }
    const own = ['gpu', 'switch'].map(kind =>
      objectClaim(token.claims, `x-nvidia-${kind}-attestation-report-cert-chain`),
    )
    answered &&= own.some(
      state =>
        textClaim(state, 'x-nvidia-cert-ocsp-status') === 'good' &&
        textClaim(state, 'x-nvidia-cert-status') === 'valid',
    )
  }
  return answered
    ? check('revocation', 'pass', 'not-revoked', 'no certificate of a device is revoked, the service says')
    : check('revocation', 'not-checked', 'no-revocation-answer', 'the service does not say it of every device') // biome-ignore format: one of two
}
