/** What is fed with damaged inputs: each format's parser and checks, and all that reads what comes along with evidence. */
import { existsSync, readFileSync } from 'node:fs'
import { concat, toBase64, toHex, utf8 } from '../../src/bytes.ts'
import {
  type AppraisalContext,
  appraise,
  DEFAULT_EVIDENCE_POLICY,
  type Endorsement,
  type EvidencePolicy,
  endorsementsFrom,
  evidenceFormat,
  type Format,
  formatEndorsements,
  formatEvidenceDocument,
  parseEndorsements,
  parseEvidenceDocument,
  parseEvidencePolicy,
  readEndorsementFile,
  readEvidence,
} from '../../src/evidence/index.ts'
import { parseKeySet } from '../../src/evidence/jwt/key-set.ts'
import { parseManifest } from '../../src/evidence/nvidia/manifest.ts'
import { parseBundle } from '../../src/evidence/sigstore/bundle.ts'
import { parseTrustedRoot } from '../../src/evidence/sigstore/trusted-root.ts'
import type { Suite } from '../../src/suite.ts'
import { parseCertificate, parseOcspAnswer, parseRevocationList } from '../../src/x509/index.ts'
import { makeAuthority, makeNitro, NITRO_TIME } from '../nitro.ts'
import { chipMaker, devicePolicy, makeGpuEvidence, makeSwitchEvidence } from '../nvidia.ts'
import { opensslSuite } from '../openssl-suite.ts'
import { makeSgxQuote, makeTdxQuote, QUOTE_TIME } from '../quote.ts'
import { Sigstore } from '../sigstore.ts'
import { Chip } from '../snp.ts'
import { jwkOf, keySet, makeKey, makeToken, type TestKey } from '../tokens.ts'
import { makeCertificate, makeCrl } from '../x509.ts'
import { foreignTargets } from './foreign-targets.ts'
import type { Target } from './fuzz.ts'

/** Signatures are not what is tried here, and cost more than all else: most are taken for good, by a bit of their own. */
const suite: Suite = {
  ...opensslSuite,
  verifyEcdsa: (_, __, message, signature) => holds(message, signature),
  verifyRsa: (_, __, message, signature) => holds(message, signature),
  verifyEd25519: (_, message, signature) => holds(message, signature),
}

function holds(message: Uint8Array, signature: Uint8Array): boolean {
  return ((message[message.length >> 1] ?? 0) + (signature.at(-1) ?? 0)) % 8 !== 7
}

interface Case {
  format: Format
  documents: Uint8Array[]
  endorsements: Endorsement[]
  roots: Partial<EvidencePolicy['roots']>
  time: number
}

const MIDSUMMER = Date.parse('2026-06-15T00:00:00Z')
const VECTORS = new URL('../../../../../shared/vectors/', import.meta.url)

function contextOf({ roots, endorsements, time }: Case): AppraisalContext {
  return {
    time,
    policy: { ...DEFAULT_EVIDENCE_POLICY, roots: { ...DEFAULT_EVIDENCE_POLICY.roots, ...roots } },
    endorsements: endorsementsFrom(endorsements),
    suite,
    nonce: new Uint8Array(32),
  }
}

/** All targets. What they are made of is signed anew each time, but of one shape. */
export function evidenceTargets(): Target[] {
  const cases = [...hardware(), ...tokens()]
  return [
    ...cases.map(formatTarget),
    ...cases.filter(({ endorsements }) => endorsements.length > 0).map(endorsementTarget),
    ...readers(cases),
    ...foreignTargets(suite),
  ]
}

/** Parser and checks of one format. */
function formatTarget(one: Case): Target {
  const format = evidenceFormat(one.format)!
  const context = contextOf(one)
  return {
    name: one.format,
    seeds: [...one.documents, ...vectors(one.format)],
    read(bytes) {
      const parsed = format.parse(bytes)
      return () => {
        const { checks } = appraise(format, parsed, { ...context, binding: new Uint8Array(32) })
        if (checks.length === 0) throw new Error('no check at all')
      }
    },
  }
}

/** Checks of a good document, with one of its endorsements damaged. */
function endorsementTarget(one: Case): Target {
  const format = evidenceFormat(one.format)!
  const context = contextOf(one)
  const parsed = format.parse(one.documents[0]!)
  const kinds = [...new Set(one.endorsements.map(({ kind }) => kind))]
  return {
    name: `${one.format}, endorsements`,
    seeds: one.endorsements.map(({ bytes }) => bytes),
    read(bytes) {
      // Of which kind it is said to be, and which good one it stands for, goes by its length.
      const kind = kinds[bytes.length % kinds.length]!
      const rest = one.endorsements.filter((_, i) => i !== bytes.length % one.endorsements.length)
      return () => {
        const endorsements = endorsementsFrom([{ kind, bytes }, ...rest])
        format.check(parsed, { ...context, endorsements })
      }
    },
  }
}

function hardware(): Case[] {
  const authority = makeAuthority()
  const chip = new Chip()
  const turin = new Chip({ generation: 'Turin', key: 'vlek' })
  const tdx = makeTdxQuote()
  const sgx = makeSgxQuote()
  const gpu = makeGpuEvidence()
  const change = makeSwitchEvidence()
  const crl: Endorsement = { kind: 'crl', bytes: makeCrl(chip.ark) }
  const snp = {
    endorsements: [...chip.endorsements, crl],
    roots: { amd: [chip.ark.fingerprint] },
    time: MIDSUMMER,
  }
  const { roots } = devicePolicy()
  return [
    {
      format: 'nitro',
      documents: [
        makeNitro(authority),
        makeNitro(authority, { user_data: utf8('data'), nonce: utf8('nonce'), public_key: utf8('key') }),
      ],
      endorsements: [],
      roots: { nitro: [authority.root.fingerprint] },
      time: NITRO_TIME,
    },
    {
      format: 'tdx',
      documents: [tdx.quote, makeTdxQuote({ version: 5 }).quote],
      endorsements: tdx.endorsements,
      roots: { intel: [tdx.root] },
      time: QUOTE_TIME,
    },
    {
      format: 'sgx',
      documents: [sgx.quote, makeSgxQuote({ version: 4 }).quote],
      endorsements: sgx.endorsements,
      roots: { intel: [sgx.root] },
      time: QUOTE_TIME,
    },
    {
      format: 'sev-snp',
      documents: [chip.report(), chip.report({ version: 2 }), turin.report({ version: 5 })],
      ...snp,
    },
    { format: 'azure-sev-snp', documents: [chip.azureReport()], ...snp },
    {
      format: 'nvidia-gpu',
      documents: [gpu.document, gpu.report],
      endorsements: gpu.endorsements,
      roots,
      time: MIDSUMMER,
    },
    {
      format: 'nvidia-switch',
      documents: [change.document, change.report],
      endorsements: change.endorsements,
      roots,
      time: MIDSUMMER,
    },
  ]
}

function tokens(): Case[] {
  const seconds = MIDSUMMER / 1000
  const times = { iat: seconds - 5, nbf: seconds - 5, exp: seconds + 3600 }
  const root = makeCertificate({ subject: 'root', ca: true, kind: 'RSA-PKCS1' })
  const leaf = makeCertificate({ subject: 'leaf', issuer: root, usage: null, kind: 'RSA-PKCS1' })
  const own: TestKey = { algorithm: 'RS256', id: 'leaf', privateKey: leaf.privateKey }
  const space = makeToken(
    {
      ...times,
      iss: 'https://confidentialcomputing.googleapis.com',
      aud: 'a',
      sub: 'b',
      eat_nonce: ['11'.repeat(32)],
      hwmodel: 'GCP_INTEL_TDX',
      swname: 'CONFIDENTIAL_SPACE',
      swversion: ['260500'],
      dbgstat: 'disabled-since-boot',
      submods: {
        confidential_space: { support_attributes: ['STABLE'] },
        container: { image_digest: `sha256:${'ab'.repeat(32)}`, args: ['/run'], env: { A: 'b' } },
      },
    },
    own,
    { header: { x5c: [leaf, root].map(({ der }) => toBase64(der)) } },
  )
  const key = makeKey('ES384')
  const set = keySet(jwkOf(key))
  const archived: Pick<Case, 'endorsements' | 'time'> = {
    endorsements: [{ kind: 'jwks', bytes: set }],
    time: MIDSUMMER,
  }
  const digest = opensslSuite.sha256Hex(set)
  const device = makeToken(
    { ...times, iss: 'https://nras.attestation.nvidia.com', measres: 'success', dbgstat: 'disabled' },
    key,
  )
  const overall = makeToken(
    {
      ...times,
      iss: 'https://nras.attestation.nvidia.com',
      'x-nvidia-overall-att-result': true,
      submods: { 'GPU-0': ['DIGEST', ['SHA-256', opensslSuite.sha256Hex(utf8(device))]] },
    },
    key,
  )
  const azure = makeToken(
    {
      ...times,
      iss: 'https://sharedeus.eus.attest.azure.net',
      'x-ms-ver': '1.0',
      'x-ms-attestation-type': 'sevsnpvm',
      'x-ms-compliance-status': 'azure-compliant-cvm',
      'x-ms-sevsnpvm-is-debuggable': false,
      'x-ms-sevsnpvm-launchmeasurement': 'ad'.repeat(48),
      'x-ms-sevsnpvm-reportdata': '09'.repeat(64),
    },
    key,
  )
  return [
    {
      format: 'confidential-space',
      documents: [utf8(space)],
      endorsements: [],
      roots: { google: [root.fingerprint] },
      time: MIDSUMMER,
    },
    {
      format: 'nras',
      documents: [utf8(JSON.stringify([['JWT', overall], { 'GPU-0': device }]))],
      roots: { nras: [digest] },
      ...archived,
    },
    { format: 'maa', documents: [utf8(azure)], roots: { maa: [digest] }, ...archived },
  ]
}

function readers(cases: readonly Case[]): Target[] {
  const chip = new Chip()
  const all = cases.flatMap(({ endorsements }) => endorsements)
  const of = (kind: Endorsement['kind']) => all.filter(one => one.kind === kind).map(({ bytes }) => bytes)
  const documents = cases.flatMap(one => one.documents)
  const sigstore = new Sigstore()
  const policy = utf8(
    JSON.stringify({
      ...DEFAULT_EVIDENCE_POLICY,
      references: [
        {
          format: 'tdx',
          measurements: { mrtd: '11', rtmr1: '11' },
          image: 'i',
          role: 'model',
          provenance: { source: 's' },
        },
      ],
    }),
  )
  const document = formatEvidenceDocument({
    log: 'log',
    items: cases.slice(0, 4).map(({ format, documents: [bytes] }) => ({ format, bytes: bytes! })),
  })
  const plain = (
    name: string,
    seeds: readonly Uint8Array[],
    parse: (bytes: Uint8Array) => unknown,
  ): Target => ({
    name,
    seeds,
    read(bytes) {
      parse(bytes)
      return undefined
    },
  })
  return [
    plain('certificate', [...of('certificate'), chipMaker().root.der], parseCertificate),
    plain('list of revocations', of('crl'), parseRevocationList),
    plain('answer about revocation', of('ocsp'), parseOcspAnswer),
    plain('archive of endorsements', [formatEndorsements(all.slice(0, 6))], parseEndorsements),
    plain(
      'file of endorsements',
      [
        ...all.filter(({ kind }) => kind !== 'certificate').map(({ bytes }) => bytes),
        utf8([chip.key, chip.ask].map(({ pem }) => pem).join('')),
      ],
      readEndorsementFile,
    ),
    plain('manifest of measurements', of('rim'), parseManifest),
    plain('key set', of('jwks'), parseKeySet),
    plain('policy', [policy], bytes => parseEvidencePolicy(bytes)),
    plain('evidence document', [document], parseEvidenceDocument),
    plain('trusted root of Sigstore', [sigstore.trustedRoot()], parseTrustedRoot),
    plain('bundle of Sigstore', [utf8(JSON.stringify(sigstore.bundle()))], parseBundle),
    plain(
      'whatever a file holds',
      [
        ...documents,
        ...documents.slice(0, 6).flatMap(bytes => [utf8(toBase64(bytes)), utf8(toHex(bytes))]),
        chip.extendedReport(),
        document,
        concat(utf8('[')!, makeGpuEvidence().document, utf8(']')),
      ],
      bytes => readEvidence(bytes),
    ),
  ]
}

/** Real documents, where they are at hand. */
function vectors(format: Format): Uint8Array[] {
  const names: Partial<Record<Format, string[]>> = {
    nitro: ['nitro/evervault_valid-attestation-doc-bytes.cbor'],
    tdx: ['tdx/phala_tdx_quote', 'tdx/gotdxguest_tdx_prod_quote_SPR_E4.dat'],
    sgx: ['tdx/phala_sgx_quote'],
    'sev-snp': ['sev-snp/trustee_test-report.bin', 'sev-snp/trustee_test-vlek-report.bin'],
    'confidential-space': ['jwt/oak_valid.jwt'],
  }
  return (names[format] ?? [])
    .map(name => new URL(name, VECTORS))
    .filter(existsSync)
    .map(url => new Uint8Array(readFileSync(url)))
}
