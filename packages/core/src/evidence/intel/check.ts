/**
 * What can be said of a quote, for TDX and SGX alike ("Intel SGX DCAP Quote Verification Library", verification flow): who
 * signed it and with whose certificate, whether all of that is in its time and not revoked, and what Intel says of the platform.
 * Each check stands by itself: one that fails does not hide what another finds.
 */
import { concat, equal, toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import { shownTime } from '../../time.ts'
import { type Certificate, checkRevocation, type RevocationList } from '../../x509/index.ts'
import { revocationLists, revokedCheck } from '../chain-checks.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, Findings } from '../format.ts'
import { type Basis, gather, once, verifies } from './basis.ts'
import type { Fault, IntelChain } from './chain.ts'
import { checkPlatform, checkQe, factsOf, moduleMismatch, type Standing } from './platform.ts'
import { AFTER_PPID_BYTES, type Quote, type Tee } from './quote.ts'

export interface QuoteFindings extends Pick<Findings, 'checks' | 'window'> {
  facts: JsonObject
}

const ALWAYS = { from: 0, until: 8_640_000_000_000_000 }

/** Never throws for anything that a quote or endorsements can hold. */
export function checkQuote(quote: Quote, tee: Tee, context: AppraisalContext): QuoteFindings {
  const basis = gather(quote, tee, { ...context, suite: once(context.suite) })
  const { collateral, pck } = basis
  const revocation = checkRevocations(basis)
  const { found: platform, standing } = platformCheck(basis)
  const identity = identityCheck(basis, standing)
  const chains = [basis.pck, basis.tcbSigner, basis.qeSigner, basis.listSigner].filter(
    one => one !== undefined,
  )
  const dated = collateral === undefined ? [] : [collateral.tcbInfo.value, collateral.qeIdentity.value]
  const windows = [
    ...chains.map(({ window }) => window),
    ...dated.map(({ issued, until }) => ({ from: issued, until })),
    ...revocation.windows,
  ]
  return {
    checks: [
      ...signatureChecks(basis),
      chainCheck(basis),
      validityCheck(basis, chains, dated),
      revocation.found,
      platform,
      identity,
    ],
    facts: {
      quoteVersion: quote.version,
      userData: toHex(quote.userData),
      qeIsvSvn: quote.qe.report.isvsvn,
      ...factsOf(standing, pck?.pck),
    },
    window: {
      from: Math.max(ALWAYS.from, ...windows.map(({ from }) => from)),
      until: Math.min(ALWAYS.until, ...windows.map(({ until }) => until)),
    },
  }
}

function signatureChecks({ quote, pck, context: { suite } }: Basis): Check[] {
  const { attestationKey, signed, signature, qe, unsigned } = quote
  const fail = (reason: 'bad-signature' | 'unknown-algorithm', detail: string): Check =>
    check('signature', 'fail', reason, detail)
  const bound = concat(suite.sha256(concat(attestationKey, qe.authData)), new Uint8Array(32))
  const key = pck?.leaf.key
  let found: Check
  if (!verifies(concat(Uint8Array.of(4), attestationKey), signed, signature, suite))
    found = fail('bad-signature', 'its attestation key did not sign it')
  else if (!equal(bound, qe.report.reportData))
    found = fail('bad-signature', 'its attestation key is not the quoting enclave’s')
  else if (key === undefined)
    found = check(
      'signature',
      'not-checked',
      'key-missing',
      'the certificate of the platform’s key is missing',
    )
  else if (key.kind !== 'ecdsa' || key.curve !== 'P-256')
    found = fail('unknown-algorithm', 'the platform’s key is of another kind than is known here')
  else if (!verifies(key.point, qe.report.bytes, qe.signature, suite))
    found = fail('bad-signature', 'the platform’s key did not sign the quoting enclave’s report')
  else
    found = check(
      'signature',
      'pass',
      'signed',
      'the quoting enclave signed it, and the platform’s key that enclave’s report',
    )
  if (unsigned === 0) return [found]
  return [found, check('signature', 'fail', 'unsigned-bytes', `${unsigned} bytes follow that nobody signed`)]
}

function chainCheck({ quote, pck, pckFault, collateral, tcbSigner, qeSigner }: Basis): Check {
  const fail = ({ reason, detail }: Fault): Check => check('chain', 'fail', reason, detail)
  if (pckFault !== undefined) return fail(pckFault)
  if (pck?.fault !== undefined) return fail(pck.fault)
  if (pck?.pck !== undefined && !isOfPck(quote, pck.pck.cpusvn, pck.pck.pcesvn, pck.pck.pceid, pck.pck.ppid))
    return fail({ reason: 'bad-certificate', detail: 'the quote says that another certificate is its own' })
  if (collateral !== undefined)
    for (const [what, signer] of [
      ['TCB info', tcbSigner],
      ['identity of the quoting enclave', qeSigner],
    ] as const) {
      if (signer === undefined)
        return fail({ reason: 'chain-incomplete', detail: `${what}: without its signer’s certificate` })
      if (signer.fault !== undefined)
        return fail({ ...signer.fault, detail: `${what}: ${signer.fault.detail}` })
    }
  if (pck === undefined)
    return check(
      'chain',
      'not-checked',
      'endorsement-missing',
      'the certificate of the platform’s key is missing',
    )
  const root = pck.path.at(-1)!
  return check(
    'chain',
    'pass',
    'chained',
    `${pck.path.length} certificates lead to ${root.subject.text}, which you trust`,
  )
}

/** Types 1 to 3 name the certificate by what it says. Of an encrypted identifier nobody but Intel can tell. */
function isOfPck(
  { certification }: Quote,
  cpusvn: string,
  pcesvn: number,
  pceid: string,
  ppid: string,
): boolean {
  const { type, data } = certification
  if (type > 3) return true
  const rest = data.subarray(-AFTER_PPID_BYTES)
  const svn = rest[16]! | (rest[17]! << 8)
  return (
    toHex(rest.subarray(0, 16)) === cpusvn &&
    svn === pcesvn &&
    toHex(rest.subarray(18)) === pceid &&
    (type !== 1 || toHex(data.subarray(0, 16)) === ppid)
  )
}

function validityCheck(
  { pck, collateral, context: { time } }: Basis,
  chains: readonly IntelChain[],
  dated: readonly { issued: number; until: number }[],
): Check {
  for (const { timeFault } of chains)
    if (timeFault !== undefined) return check('validity', 'fail', timeFault.reason, timeFault.detail)
  for (const [i, { issued, until }] of dated.entries()) {
    const what = i === 0 ? 'the TCB info' : 'the identity of the quoting enclave'
    if (time < issued)
      return check('validity', 'fail', 'endorsement-not-yet-valid', `${what} is of ${shownTime(issued)}`)
    if (time > until)
      return check('validity', 'fail', 'endorsement-expired', `${what} was good until ${shownTime(until)}`)
  }
  if (pck === undefined)
    return check('validity', 'not-checked', 'endorsement-missing', 'the platform’s certificate is missing')
  return check(
    'validity',
    'pass',
    'in-time',
    collateral === undefined
      ? 'the platform’s certificates are in their time'
      : 'its certificates, the TCB info and the identity of the quoting enclave are in their time',
  )
}

function checkRevocations({ pck, collateral, tcbSigner, qeSigner, listSigner, context }: Basis): {
  found: Check
  windows: { from: number; until: number }[]
} {
  const { time, suite, endorsements } = context
  const lists: RevocationList[] = [
    ...(collateral === undefined ? [] : [collateral.rootList, collateral.pckList]),
    ...revocationLists(endorsements).read,
  ]
  const windows: { from: number; until: number }[] = []
  let found: Check | undefined
  if (listSigner?.fault !== undefined)
    found = check('revocation', 'fail', 'bad-revocation-answer', listSigner.fault.detail)
  let open: Check | undefined
  const asked = new Set<Certificate>()
  for (const chain of [pck, tcbSigner, qeSigner]) {
    for (const [i, certificate] of (chain?.path ?? []).entries()) {
      const issuer = chain?.path[i + 1]
      if (issuer === undefined || asked.has(certificate)) continue
      asked.add(certificate)
      const answer = checkRevocation(certificate, issuer, lists, time, suite)
      if (answer.outcome === 'not-revoked') windows.push({ from: answer.from, until: answer.until })
      else if (answer.outcome === 'revoked') return { found: revokedCheck(answer), windows }
      else if (answer.outcome === 'bad')
        found ??= check('revocation', 'fail', 'bad-revocation-answer', answer.detail)
      else if (answer.outcome === 'out-of-date')
        open ??= check('revocation', 'not-checked', 'revocation-answer-out-of-date', answer.detail)
      else
        open ??= check(
          'revocation',
          'not-checked',
          'no-revocation-answer',
          `no list of revocations by ${certificate.issuer.text} came along`,
        )
    }
  }
  if (found === undefined && (pck === undefined || pck.fault !== undefined))
    open = check(
      'revocation',
      'not-checked',
      'no-revocation-answer',
      pck === undefined
        ? 'the platform’s certificate is missing'
        : 'the chain of the platform’s certificate does not hold, so nobody can answer for it',
    )
  found ??=
    open ??
    check('revocation', 'pass', 'not-revoked', `none of ${asked.size} certificates is on its issuer’s list`)
  return { found, windows }
}

function platformCheck(basis: Basis): { found: Check; standing: Standing } {
  const { quote, tee, pck, collateral, collateralFault, believed, context } = basis
  const found = (one: Check): { found: Check; standing: Standing } => ({ found: one, standing: {} })
  if (collateral === undefined)
    return found(
      collateralFault === undefined
        ? check(
            'platform',
            'not-checked',
            'endorsement-missing',
            'what Intel says of it (collateral) is missing',
          )
        : check('platform', 'fail', 'bad-endorsement', collateralFault),
    )
  if (!believed.tcbInfo)
    return found(
      check(
        'platform',
        'fail',
        'bad-endorsement-signature',
        'the TCB info is not signed by whom you trust for it',
      ),
    )
  if (pck?.pck === undefined)
    return found(
      check(
        'platform',
        'not-checked',
        'endorsement-missing',
        'the certificate of the platform’s key is missing',
      ),
    )
  return checkPlatform(tee, quote.body, pck.pck, collateral.tcbInfo.value, context.policy.tcb[tee])
}

/** Adds what it finds to `standing`. */
function identityCheck(basis: Basis, standing: Standing): Check {
  const { quote, tee, collateral, believed, context } = basis
  const { body } = quote
  if (collateral === undefined)
    return check(
      'identity',
      'not-checked',
      'endorsement-missing',
      'what Intel says of it (collateral) is missing',
    )
  if (!believed.qeIdentity)
    return check(
      'identity',
      'fail',
      'bad-endorsement-signature',
      'the identity of the quoting enclave is not signed by whom you trust for it',
    )
  const { found, standing: own } = checkQe(
    tee,
    quote.qe.report,
    collateral.qeIdentity.value,
    context.policy.tcb[tee],
  )
  Object.assign(standing, own)
  if (found.outcome === 'fail' || body.kind !== 'td') return found
  const info = collateral.tcbInfo.value
  if (info.tee !== tee || !believed.tcbInfo)
    return check(
      'identity',
      'not-checked',
      'endorsement-missing',
      'what Intel says of TDX modules is missing',
    )
  const mismatch = moduleMismatch(body, info)
  return mismatch === undefined ? found : check('identity', 'fail', 'identity-mismatch', mismatch)
}
