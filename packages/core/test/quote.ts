/** Quotes of Intel TDX and SGX made in tests, with the collateral that goes with them: all under a root of their own. */
import { createHash, type KeyObject, sign } from 'node:crypto'
import {
  type Appraisal,
  appraise,
  type CheckName,
  DEFAULT_EVIDENCE_POLICY,
  type Endorsement,
  type EvidenceFormat,
  type EvidencePolicy,
  endorsementsFrom,
  type SgxQuote,
  sgx,
  type TcbStatus,
  type TdxQuote,
  tdx,
} from '../src/evidence/index.ts'
import type { Suite } from '../src/suite.ts'
import { opensslSuite } from './openssl-suite.ts'
import {
  integer,
  keyPair,
  type Made,
  makeCertificate,
  makeCrl,
  octets,
  oid,
  publicBits,
  type RevokedEntry,
  sequence,
} from './x509.ts'

/** When all of it is valid. */
export const QUOTE_TIME = Date.parse('2026-09-01T00:00:00Z')

type Fields = Record<string, unknown>

export interface QuoteOptions {
  /** 4 for TDX and 3 for SGX unless told. */
  version?: 3 | 4 | 5
  /** Of TDX, in version 5: whether the report is of TDX 1.5, as it is unless told. */
  report?: '1.0' | '1.5'
  reportData?: Uint8Array
  /** Bytes in hex at places in the body. */
  body?: Readonly<Record<number, string>>
  debug?: boolean
  /** What Intel says of the level that the platform is at. */
  status?: TcbStatus
  moduleStatus?: TcbStatus
  qeStatus?: TcbStatus
  /** The platform is below all levels. */
  noLevel?: boolean
  revoked?: 'pck' | 'ca' | 'signer'
  /** The quoting enclave is another than Intel's. */
  wrongQe?: 'mrsigner' | 'isvprodid' | 'debug' | 'isvsvn' | 'miscselect' | 'attributes'
  /** The reader trusts another root. */
  wrongRoot?: boolean
  /** The attestation key is not the one in the quoting enclave's report. */
  wrongKey?: boolean
  /** Signed by somebody else. */
  forged?: 'quote' | 'qe' | 'pck' | 'tcb_info' | 'qe_identity' | 'pck_crl' | 'root_ca_crl'
  /** When TCB info and identity are of, RFC 3339. */
  issued?: string
  until?: string
  /** In place of fields of the two. */
  tcbInfo?: Fields
  qeIdentity?: Fields
  /** In place of fields of the collateral; undefined leaves one out. */
  collateral?: Fields
  /** How the platform's certificate comes along; 5 unless told. */
  certification?: 1 | 2 | 3 | 4 | 5
  /** In place of the certification data. */
  certificationData?: (pem: string) => Uint8Array
  /** In place of what the certificate says of the platform. */
  extension?: Uint8Array
  /** After the end. */
  padding?: Uint8Array
  authData?: Uint8Array
}

export interface MadeQuote {
  quote: Uint8Array
  endorsements: Endorsement[]
  /** The collateral alone, to change. */
  collateral: Record<string, string>
  /** SHA-256 of the root's certificate. */
  root: string
  /** The platform's certificate, and those above it. */
  pck: Made
  ca: Made
  rootCa: Made
}

interface Pki {
  root: Made
  ca: Made
  signer: Made
  other: Made
}

const FMSPC = '00906ed50000'
const SGX_SVN = [5, 5, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]
const TEE_TCB_SVN = [5, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
const PCESVN = 11
const QE_SIGNER = 'dc'.repeat(32)
const QE_SVN = 4
const SGX_OID = '1.2.840.113741.1.13.1'
const ZEROS = [...new Uint8Array(16)]

let pki: Pki | undefined

/** One for all: what differs between quotes is below it. */
function makePki(): Pki {
  const root = makeCertificate({ subject: 'Intel SGX Root CA', ca: true, pathLength: 1, kind: 'P-256' })
  const ca = makeCertificate({
    subject: 'Intel SGX PCK Platform CA',
    issuer: root,
    ca: true,
    pathLength: 0,
    kind: 'P-256',
  })
  const signer = makeCertificate({ subject: 'Intel SGX TCB Signing', issuer: root, kind: 'P-256' })
  const other = makeCertificate({ subject: 'Somebody', ca: true, kind: 'P-256' })
  return { root, ca, signer, other }
}

export function makeTdxQuote(options: QuoteOptions = {}): MadeQuote {
  return makeQuote('TDX', options)
}

export function makeSgxQuote(options: QuoteOptions = {}): MadeQuote {
  return makeQuote('SGX', options)
}

function makeQuote(tee: 'TDX' | 'SGX', options: QuoteOptions): MadeQuote {
  pki ??= makePki()
  const { root, ca, other } = pki
  const { version = tee === 'TDX' ? 4 : 3, forged, wrongKey, certification = 5 } = options
  const { authData = Uint8Array.from({ length: 32 }, (_, i) => i) } = options
  const pck = makeCertificate({
    subject: 'Intel SGX PCK Certificate',
    issuer: ca,
    kind: 'P-256',
    extensions: [{ id: SGX_OID, value: options.extension ?? sgxExtension() }],
    ...(forged === 'pck' && { signWith: other }),
  })
  const attestation = keyPair('P-256').privateKey
  const point = Buffer.from(publicBits(attestation).subarray(1))
  const signed = Buffer.concat([header(version, tee), bodyOf(tee, version, options)])
  const signature = rawSign(signed, forged === 'quote' ? other.privateKey : attestation)
  const qe = qeReport(tee, options, wrongKey ? Buffer.from(point).fill(1, 0, 1) : point, authData)
  const pem = pck.pem + ca.pem + root.pem
  const data = options.certificationData?.(pem) ?? certificationOf(certification, pem, pck.pem)
  const inner = Buffer.concat([
    qe,
    rawSign(qe, forged === 'qe' ? other.privateKey : pck.privateKey),
    u16(authData.length),
    authData,
    u16(certification),
    u32(data.length),
    data,
  ])
  const auth = Buffer.concat([
    signature,
    point,
    ...(version === 3 ? [inner] : [u16(6), u32(inner.length), inner]),
  ])
  const collateral = collateralOf(tee, options, pki, pck)
  return {
    quote: new Uint8Array(
      Buffer.concat([signed, u32(auth.length), auth, options.padding ?? new Uint8Array()]),
    ),
    endorsements: [
      { kind: 'intel-collateral', bytes: new Uint8Array(Buffer.from(JSON.stringify(collateral))) },
    ],
    collateral,
    root: options.wrongRoot ? other.fingerprint : root.fingerprint,
    pck,
    ca,
    rootCa: root,
  }
}

function header(version: number, tee: 'TDX' | 'SGX'): Buffer {
  return Buffer.concat([
    u16(version),
    u16(2),
    u32(tee === 'TDX' ? 0x81 : 0),
    u16(0),
    u16(0),
    Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex'),
    Buffer.alloc(20, 7),
  ])
}

function bodyOf(tee: 'TDX' | 'SGX', version: number, options: QuoteOptions): Buffer {
  const { report = '1.5', debug, reportData = new Uint8Array(), noLevel } = options
  const long = tee === 'TDX' && version === 5 && report === '1.5'
  const body = Buffer.alloc(tee === 'SGX' ? 384 : long ? 648 : 584)
  if (tee === 'TDX') {
    body.set(TEE_TCB_SVN, 0)
    if (noLevel) body[2] = 1
    body[120] = debug ? 1 : 0
    body[123] = 0x10
    for (let i = 0; i < 8; i++) body.fill(0xa0 + i, 136 + 48 * i, 184 + 48 * i)
    body.set(reportData, 520)
  } else {
    body[48] = debug ? 7 : 5
    body.fill(0xee, 64, 96)
    body.fill(0x55, 128, 160)
    body.set(reportData, 320)
  }
  for (const [at, hex] of Object.entries(options.body ?? {})) body.set(Buffer.from(hex, 'hex'), Number(at))
  if (version !== 5) return body
  return Buffer.concat([u16(tee === 'SGX' ? 1 : long ? 3 : 2), u32(body.length), body])
}

function qeReport(
  tee: 'TDX' | 'SGX',
  { wrongQe }: QuoteOptions,
  point: Uint8Array,
  authData: Uint8Array,
): Buffer {
  const report = Buffer.alloc(384)
  report[16] = wrongQe === 'miscselect' ? 1 : 0
  report[48] = wrongQe === 'debug' ? 0x13 : wrongQe === 'attributes' ? 0x31 : 0x11
  report.set(Buffer.from(wrongQe === 'mrsigner' ? 'cd'.repeat(32) : QE_SIGNER, 'hex'), 128)
  report.writeUInt16LE((tee === 'TDX' ? 2 : 1) + (wrongQe === 'isvprodid' ? 1 : 0), 256)
  report.writeUInt16LE(wrongQe === 'isvsvn' ? 1 : QE_SVN, 258)
  report.set(createHash('sha256').update(point).update(authData).digest(), 320)
  return report
}

function certificationOf(type: number, pem: string, leaf: string): Buffer {
  if (type === 5) return Buffer.from(pem)
  if (type === 4) return Buffer.from(leaf)
  const ppid = Buffer.alloc(type === 1 ? 16 : type === 2 ? 256 : 384, 0x99)
  return Buffer.concat([ppid, Buffer.from(SGX_SVN), u16(PCESVN), u16(0)])
}

export function sgxExtension(
  change: { fmspc?: string; pceid?: string; svn?: readonly number[] } = {},
): Buffer {
  const { fmspc = FMSPC, pceid = '0000', svn = SGX_SVN } = change
  const field = (id: string, value: Buffer): Buffer => sequence(oid(`${SGX_OID}.${id}`), value)
  return sequence(
    field('1', octets(Buffer.alloc(16, 0x99))),
    field(
      '2',
      sequence(
        ...svn.map((one, i) => field(`2.${i + 1}`, integer(one))),
        field('2.17', integer(PCESVN)),
        field('2.18', octets(Buffer.from(svn))),
      ),
    ),
    field('3', octets(Buffer.from(pceid, 'hex'))),
    field('4', octets(Buffer.from(fmspc, 'hex'))),
    field('5', Buffer.from('0a0101', 'hex')),
  )
}

function collateralOf(
  tee: 'TDX' | 'SGX',
  options: QuoteOptions,
  { root, ca, signer, other }: Pki,
  pck: Made,
): Record<string, string> {
  const { issued = '2026-08-01T00:00:00Z', until = '2026-09-15T00:00:00Z', forged, revoked } = options
  const dated = { issueDate: issued, nextUpdate: until, tcbEvaluationDataNumber: 17 }
  const tcbInfo = JSON.stringify({
    id: tee,
    version: 3,
    ...dated,
    fmspc: FMSPC.toUpperCase(),
    pceId: '0000',
    tcbType: 0,
    ...(tee === 'TDX' && modulesOf(options)),
    tcbLevels: levelsOf(tee, options),
    ...options.tcbInfo,
  })
  const qeIdentity = JSON.stringify({
    id: tee === 'TDX' ? 'TD_QE' : 'QE',
    version: 2,
    ...dated,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: `11${'00'.repeat(15)}`,
    attributesMask: `FBFFFFFFFFFFFFFF${'00'.repeat(8)}`,
    mrsigner: QE_SIGNER.toUpperCase(),
    isvprodid: tee === 'TDX' ? 2 : 1,
    tcbLevels: [isvLevel(QE_SVN, options.qeStatus), isvLevel(2, 'OutOfDate')],
    ...options.qeIdentity,
  })
  const signWith = (name: QuoteOptions['forged']): KeyObject => (forged === name ? other : signer).privateKey
  const listed = (made: Made, is: boolean): RevokedEntry[] => (is ? [{ certificate: made.certificate }] : [])
  const list = (by: Made, entries: RevokedEntry[], name: QuoteOptions['forged']): string =>
    Buffer.from(makeCrl(by, entries, forged === name ? { signWith: other } : {})).toString('hex')
  const fields = {
    pck_crl_issuer_chain: ca.pem + root.pem,
    root_ca_crl: list(
      root,
      [...listed(ca, revoked === 'ca'), ...listed(signer, revoked === 'signer')],
      'root_ca_crl',
    ),
    pck_crl: list(ca, listed(pck, revoked === 'pck'), 'pck_crl'),
    tcb_info_issuer_chain: signer.pem + root.pem,
    tcb_info: tcbInfo,
    tcb_info_signature: rawSign(Buffer.from(tcbInfo), signWith('tcb_info')).toString('hex'),
    qe_identity_issuer_chain: signer.pem + root.pem,
    qe_identity: qeIdentity,
    qe_identity_signature: rawSign(Buffer.from(qeIdentity), signWith('qe_identity')).toString('hex'),
    ...options.collateral,
  }
  return JSON.parse(JSON.stringify(fields)) as Record<string, string>
}

function levelsOf(tee: 'TDX' | 'SGX', { status = 'UpToDate', noLevel }: QuoteOptions): Fields[] {
  const level = (
    svn: readonly number[],
    tdx: readonly number[],
    pcesvn: number,
    tcbStatus: TcbStatus,
  ): Fields => ({
    tcb: {
      sgxtcbcomponents: svn.map(one => ({ svn: one })),
      pcesvn,
      ...(tee === 'TDX' && { tdxtcbcomponents: tdx.map(one => ({ svn: one })) }),
    },
    tcbDate: '2026-03-13T00:00:00Z',
    tcbStatus,
    ...(tcbStatus !== 'UpToDate' && { advisoryIDs: ['INTEL-SA-00001'] }),
  })
  const own = tee === 'SGX' && noLevel ? SGX_SVN.map(one => one + 1) : SGX_SVN
  return [
    // Above in one component: not reached, however far ahead the others are.
    level(own.with(6, 1), [5, 0, 4, ...ZEROS.slice(3)], PCESVN, 'UpToDate'),
    level(own, [9, 0, 4, ...ZEROS.slice(3)], PCESVN, status),
    level(own, [9, 0, 2, ...ZEROS.slice(3)], 5, 'OutOfDate'),
  ]
}

function modulesOf({ moduleStatus }: QuoteOptions): Fields {
  const module = {
    mrsigner: '00'.repeat(48),
    attributes: '00'.repeat(8),
    attributesMask: 'FF'.repeat(8),
  }
  return {
    tdxModule: module,
    tdxModuleIdentities: [
      { id: 'TDX_03', ...module, tcbLevels: [isvLevel(3, 'UpToDate')] },
      { id: 'TDX_01', ...module, tcbLevels: [isvLevel(4, moduleStatus), isvLevel(2, 'OutOfDate')] },
    ],
  }
}

function isvLevel(isvsvn: number, tcbStatus: TcbStatus = 'UpToDate'): Fields {
  return { tcb: { isvsvn }, tcbDate: '2026-03-13T00:00:00Z', tcbStatus }
}

function rawSign(message: Uint8Array, key: KeyObject): Buffer {
  return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
}

function u16(value: number): Buffer {
  return Buffer.of(value & 255, value >> 8)
}

function u32(value: number): Buffer {
  return Buffer.concat([u16(value & 65_535), u16(Math.floor(value / 65_536))])
}

export interface QuoteAsked {
  time?: number
  policy?: Partial<EvidencePolicy>
  endorsements?: readonly Endorsement[]
  binding?: Uint8Array
  suite?: Suite
}

/** Appraised by a reader who trusts the root that it says. */
export function appraiseMade(made: MadeQuote, asked: QuoteAsked = {}): Appraisal {
  const { endorsements = made.endorsements, time = QUOTE_TIME, policy } = asked
  const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, intel: [made.root] }
  return appraiseQuote(made.quote, { ...asked, endorsements, time, policy: { roots, ...policy } })
}

/** Under Intel's own root unless told. */
export function appraiseQuote(quote: Uint8Array, asked: QuoteAsked & { time: number }): Appraisal {
  const { time, policy, endorsements = [], binding, suite = opensslSuite } = asked
  const format = quote[4] === 0x81 ? tdx : sgx
  return appraise<TdxQuote & SgxQuote>(
    format as EvidenceFormat<TdxQuote & SgxQuote>,
    format.parse(quote) as never,
    {
      time,
      policy: { ...DEFAULT_EVIDENCE_POLICY, ...policy },
      endorsements: endorsementsFrom(endorsements),
      suite,
      ...(binding && { binding }),
    },
  )
}

/** `check reason` of what fails. */
export function faultsOf({ checks }: Pick<Appraisal, 'checks'>): string[] {
  return checks.filter(({ outcome }) => outcome === 'fail').map(({ check, reason }) => `${check} ${reason}`)
}

/** The reasons of one check. */
export function reasonOf({ checks }: Pick<Appraisal, 'checks'>, name: CheckName): string {
  return checks
    .filter(({ check }) => check === name)
    .map(({ reason }) => reason)
    .join(' ')
}

/** Remembers what was asked before: of a thousand altered documents, most signatures are the same. */
export function rememberingSuite(suite: Suite = opensslSuite): Suite {
  const seen = new Map<string, boolean>()
  return {
    ...suite,
    verifyEcdsa(curve, key, message, signature) {
      const name = createHash('sha256').update(key).update(signature).update(message).digest('latin1')
      let good = seen.get(name)
      if (good === undefined) {
        good = suite.verifyEcdsa(curve, key, message, signature)
        seen.set(name, good)
      }
      return good
    },
  }
}
