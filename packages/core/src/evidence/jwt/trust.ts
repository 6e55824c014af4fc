/** Why a token is believed: by a chain of certificates in its header, or by a key of a set that the reader trusts. */
import { AnswerableError, errorCode } from '../../error.ts'
import type { JsonObject } from '../../shape.ts'
import { shownTime } from '../../time.ts'
import { type Certificate, checkChain, parseCertificate } from '../../x509/index.ts'
import { chainCheck, revocationCheck, type Window } from '../chain-checks.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext } from '../format.ts'
import { type RootSet, rootSet } from '../roots.ts'
import { shownText } from '../text.ts'
import { checkJws, type Jws } from './jws.ts'
import { parseKeySet, type SetKey } from './key-set.ts'

/** What a token says of its own time (RFC 7519 section 4.1), Unix milliseconds. */
export interface TokenTimes {
  issued?: number
  notBefore?: number
  /** From then on it is not to be used. */
  expires?: number
}

export interface Believed {
  /** Of signature, chain, validity and revocation. */
  checks: Check[]
  window: Window
}

/** How much later than the time in question a token may be made: clocks differ. Its own `nbf` and `exp` are exact. */
const SLACK = 60_000
/** Keys of one id that are tried. */
const MOST_CANDIDATES = 4
const ALWAYS: Window = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }
/** The year 9999. */
const LAST_SECOND = 253_402_300_799

/** Throws `bad-evidence`. */
export function readTimes(claims: JsonObject, where: string): TokenTimes {
  const times: TokenTimes = {}
  const names = { issued: 'iat', notBefore: 'nbf', expires: 'exp' } as const
  for (const [name, claim] of Object.entries(names) as [keyof TokenTimes, 'iat' | 'nbf' | 'exp'][]) {
    const value = claims[claim]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0 && value <= LAST_SECOND))
      throw new AnswerableError('bad-evidence', `${where}: ${claim}: expected Unix seconds`)
    times[name] = value * 1000
  }
  return times
}

/** A token whose header brings its certificates. */
export function believeByChain(
  token: Jws & { chain: Uint8Array[] },
  times: TokenTimes,
  set: RootSet,
  { time, policy, endorsements, suite }: AppraisalContext,
): Believed {
  let leaf: Certificate
  let others: Certificate[]
  try {
    const [first, ...rest] = token.chain.map(parseCertificate)
    leaf = first!
    others = rest
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return {
      checks: [
        check('signature', 'not-checked', 'key-missing', 'the certificate of its key cannot be read'),
        check('chain', 'fail', 'bad-certificate', (error as Error).message),
        timesCheck([times], time),
      ],
      window: timesWindow([times]),
    }
  }
  const chain = checkChain({
    leaf,
    others,
    roots: rootSet(policy.roots, set),
    time,
    use: 'digital-signature',
    suite,
  })
  const revocation = revocationCheck(chain, endorsements, time, suite)
  return {
    checks: [
      signatureCheck(checkJws(token, leaf.key, suite) ? [] : ['the token']),
      chainCheck(chain),
      chain.timeFault === undefined
        ? timesCheck([times], time)
        : check('validity', 'fail', chain.timeFault.reason, chain.timeFault.detail),
      revocation.check,
    ],
    window: intersection([timesWindow([times]), chain.window, revocation.window ?? ALWAYS]),
  }
}

/** Tokens of one service, each of which says which key of its set signed it. */
export function believeByKeySet(
  tokens: readonly { name: string; token: Jws; times: TokenTimes }[],
  set: RootSet,
  { time, policy, endorsements, suite }: AppraisalContext,
): Believed {
  const trusted = rootSet(policy.roots, set)
  const sets = endorsements.jwks.map(bytes => ({
    keys: keysOf(bytes),
    trusted: trusted.has(suite.sha256Hex(bytes)),
  }))
  const times = tokens.map(one => one.times)
  const found = tokens.map(({ name, token }) => {
    const candidates = (ours: boolean): SetKey[] =>
      sets.filter(one => one.trusted === ours).flatMap(({ keys }) => keys.filter(key => fits(key, token)))
    const ours = candidates(true)
    const keys = ours.length > 0 ? ours : candidates(false)
    const signer = keys.slice(0, MOST_CANDIDATES).find(({ key }) => checkJws(token, key, suite))
    return { name, known: keys.length > 0, trusted: ours.length > 0, signer }
  })
  const unsigned = found.filter(({ known, signer }) => known && signer === undefined)
  const unknown = found.filter(({ known }) => !known)
  const certificates = found.flatMap(({ signer }) => signer?.certificate ?? [])
  const outOfTime = certificateTimes(certificates, time)
  return {
    checks: [
      unknown.length > 0 && unsigned.length === 0
        ? check('signature', 'not-checked', 'key-missing', `no key set here has the key of ${names(unknown)}`)
        : signatureCheck(unsigned.map(({ name }) => name)),
      keySetCheck(found, sets, set),
      outOfTime ?? timesCheck(times, time),
      check(
        'revocation',
        'not-checked',
        'no-revocation-answer',
        'a key set says which keys are, and not which are no more',
      ),
    ],
    window: intersection([
      timesWindow(times),
      ...certificates.map(({ notBefore, notAfter }) => ({ from: notBefore, until: notAfter + 999 })),
    ]),
  }
}

function keySetCheck(
  found: readonly { name: string; known: boolean; trusted: boolean }[],
  sets: readonly { trusted: boolean }[],
  set: RootSet,
): Check {
  if (found.every(one => one.trusted))
    return check('chain', 'pass', 'chained', 'its key is of a key set whose digest you trust')
  if (sets.length === 0)
    return check('chain', 'not-checked', 'endorsement-missing', 'no key set of the service came along')
  if (!sets.some(one => one.trusted))
    return check('chain', 'fail', 'root-not-trusted', `none of the key sets is one that you trust for ${set}`)
  const missing = found.filter(one => !one.trusted)
  return check(
    'chain',
    'fail',
    'chain-incomplete',
    `the key set that you trust lacks the key of ${names(missing)}`,
  )
}

/** A token without an id of its key is of no key: trying all of them would make one of any. */
function fits({ id, algorithm }: SetKey, token: Jws): boolean {
  return id === token.keyId && (algorithm === undefined || algorithm === token.algorithm)
}

/** A set that cannot be read has no keys; it may be of another service. */
function keysOf(bytes: Uint8Array): SetKey[] {
  try {
    return parseKeySet(bytes)
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return []
  }
}

function certificateTimes(certificates: readonly Certificate[], time: number): Check | undefined {
  for (const { subject, notBefore, notAfter } of certificates) {
    const who = `the certificate of ${subject.text}`
    if (time < notBefore)
      return check(
        'validity',
        'fail',
        'certificate-not-yet-valid',
        `${who} is valid from ${shownTime(notBefore)}`,
      )
    if (time >= notAfter + 1000)
      return check('validity', 'fail', 'certificate-expired', `${who} was valid until ${shownTime(notAfter)}`)
  }
  return undefined
}

function signatureCheck(unsigned: readonly string[]): Check {
  return unsigned.length === 0
    ? check('signature', 'pass', 'signed', 'the key that it names signed it')
    : check('signature', 'fail', 'bad-signature', `its key did not sign ${unsigned.join(', ')} as it is`)
}

function timesCheck(times: readonly TokenTimes[], time: number): Check {
  for (const { issued, notBefore, expires } of times) {
    if (expires !== undefined && time >= expires)
      return check('validity', 'fail', 'token-expired', `the token was valid until ${shownTime(expires)}`)
    if (notBefore !== undefined && time < notBefore)
      return check(
        'validity',
        'fail',
        'token-not-yet-valid',
        `the token is valid from ${shownTime(notBefore)}`,
      )
    if (issued !== undefined && time < issued - SLACK)
      return check(
        'validity',
        'fail',
        'evidence-not-yet-made',
        `the token is of ${shownTime(issued)}, which is later`,
      )
  }
  return times.some(({ expires }) => expires === undefined)
    ? check('validity', 'not-checked', 'undated', 'it does not say until when it is valid')
    : check('validity', 'pass', 'in-time', 'tokens and certificates are valid as of then')
}

function timesWindow(times: readonly TokenTimes[]): Window {
  return intersection(
    times.map(({ issued, notBefore, expires }) => ({
      from: notBefore ?? issued ?? ALWAYS.from,
      until: expires === undefined ? ALWAYS.until : expires - 1,
    })),
  )
}

function intersection(windows: readonly Window[]): Window {
  return {
    from: Math.max(ALWAYS.from, ...windows.map(({ from }) => from)),
    until: Math.min(ALWAYS.until, ...windows.map(({ until }) => until)),
  }
}

function names(list: readonly { name: string }[]): string {
  return list.map(({ name }) => shownText(name, 64)).join(', ')
}
