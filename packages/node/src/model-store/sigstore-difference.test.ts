/**
 * Two readers of Sigstore bundles: Sigstore's own library, and the one of core that runs in browsers. What core's lets pass
 * the other must let pass; core's may be stricter.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromUtf8 } from '@answerable/core'
import { checkProvenance } from '@answerable/core/evidence'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import { type BundleJson, type BundleOptions, LOGGED, NOW, Sigstore } from '../../../core/test/sigstore.ts'
import { nodeSuite } from '../log/suite.ts'

interface Subject {
  name: string
  bundle: BundleJson
  trustedRoot: Uint8Array
  verifier: Verifier
  artifact?: Buffer
}

function subject(name: string, bundle: BundleJson, trustedRoot: Uint8Array, artifact?: Buffer): Subject {
  const root = TrustedRoot.fromJSON(JSON.parse(fromUtf8(trustedRoot)))
  const verifier = new Verifier(toTrustMaterial(root))
  return { name, bundle, trustedRoot, verifier, ...(artifact && { artifact }) }
}

/** Whether each takes it, and whom they take for the signer. */
function both({ trustedRoot, verifier, artifact }: Subject, bundle: BundleJson) {
  const found = checkProvenance({
    bundle: Buffer.from(JSON.stringify(bundle)),
    trustedRoot,
    time: NOW,
    suite: nodeSuite,
  })
  const ours = found.check.outcome === 'pass' ? found.signer : undefined
  let theirs: ReturnType<typeof verifier.verify> | undefined
  try {
    theirs = verifier.verify(toSignedEntity(bundleFromJSON(bundle), artifact))
  } catch {}
  return { ours, theirs }
}

const OPTIONS: Record<string, BundleOptions> = {
  dsse: {},
  intoto: { logAs: 'intoto', version: '0.2' },
  'version 0.1, a promise alone': { version: '0.1', proof: false },
  'dated by another authority as well': { stamped: [LOGGED] },
  'Rekor’s second version': { logAs: 'dsse2', stamped: [LOGGED] },
  message: { logAs: 'hashedrekord', content: 'message', statement: Buffer.from('an image') },
}

function subjects(): Subject[] {
  const sigstore = new Sigstore()
  return Object.entries(OPTIONS).map(([name, options]) =>
    subject(name, sigstore.bundle(options), sigstore.trustedRoot(), options.statement as Buffer | undefined),
  )
}

const VECTORS = new URL('../../../../../shared/vectors/', import.meta.url)

function vectors(): Subject[] {
  const trustedRoot = readFileSync(new URL('sigstore/trusted_root_public-good.json', VECTORS))
  return ['v1.0.0-sigstore', 'v0.3.1-sigstore'].map(name =>
    subject(name, JSON.parse(readFileSync(new URL(`oms/${name}/model.sig`, VECTORS), 'utf8')), trustedRoot),
  )
}

function compare(one: Subject, most: number): { altered: number; theirsAlone: string[] } {
  const { ours, theirs } = both(one, one.bundle)
  assert.ok(ours !== undefined && theirs !== undefined, one.name)
  assert.equal(ours.identity, theirs.identity?.subjectAlternativeName)
  assert.equal(ours.issuer, theirs.identity?.extensions?.issuer)
  let altered = 0
  const theirsAlone = new Set<string>()
  for (const [what, bundle] of alterations(one.bundle, most)) {
    altered++
    const found = both(one, bundle)
    assert.ok(found.ours === undefined || found.theirs !== undefined, `${one.name}: ${what}`)
    if (found.ours === undefined && found.theirs !== undefined) theirsAlone.add(what.replace(/ \d+$/, ''))
  }
  return { altered, theirsAlone: [...theirsAlone] }
}

/** Every leaf of the JSON: bytes in base64 with some `most` of them altered, texts with characters altered, and left out. */
function* alterations(bundle: BundleJson, most: number): Generator<[string, BundleJson]> {
  for (const path of leaves(bundle)) {
    const value: unknown = path.reduce((at, key) => at[key], bundle)
    const name = path.join('.')
    const make = (change: (holder: BundleJson, key: string) => void) => {
      const copy = structuredClone(bundle)
      change(
        path.slice(0, -1).reduce((at, key) => at[key], copy),
        path.at(-1)!,
      )
      return copy
    }
    yield [`${name} left out`, make((holder, key) => delete holder[key])]
    yield [`${name} empty`, make((holder, key) => (holder[key] = ''))]
    yield [`${name} null`, make((holder, key) => (holder[key] = null))]
    if (typeof value !== 'string') continue
    const encoded = value.length > 20 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
    const bytes = Buffer.from(value, encoded ? 'base64' : 'utf8')
    for (let at = 0; at < bytes.length; at += Math.max(1, Math.floor(bytes.length / most))) {
      const other = Buffer.from(bytes)
      other[at]! ^= 1 << (at % 7)
      yield [
        `${name}, byte ${at}`,
        make((holder, key) => (holder[key] = other.toString(encoded ? 'base64' : 'utf8'))),
      ]
    }
    const short = bytes.subarray(0, -1)
    yield [`${name}, cut`, make((holder, key) => (holder[key] = short.toString(encoded ? 'base64' : 'utf8')))]
  }
}

function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const within = Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, key]))
  return path.length === 0 ? within : [...within, path]
}

test('bundles made here: core’s reader lets nothing pass that Sigstore’s own does not', () => {
  for (const one of subjects()) {
    const { altered } = compare(one, 6)
    assert.ok(altered > 100, `${one.name}: ${altered}`)
  }
})

test('the reference implementation’s bundles: the same', t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  for (const one of vectors()) {
    const { altered, theirsAlone } = compare(one, 16)
    assert.ok(altered > 200, `${one.name}: ${altered}`)
    t.diagnostic(`${one.name}: ${altered} altered; stricter here: ${theirsAlone.join('; ')}`)
  }
})

test('what core’s reader takes from two bundles put together, Sigstore’s own takes too', () => {
  const sigstore = new Sigstore()
  const first = sigstore.bundle()
  const second = sigstore.bundle({ logAs: 'hashedrekord' })
  const trustedRoot = sigstore.trustedRoot()
  for (const path of leaves(first)) {
    const mixed = structuredClone(first)
    const from = path.reduce((at, key) => at?.[key], second)
    if (from === undefined) continue
    path.slice(0, -1).reduce((at, key) => at[key], mixed)[path.at(-1)!] = from
    const { ours, theirs } = both(subject('mixed', mixed, trustedRoot), mixed)
    assert.ok(ours === undefined || theirs !== undefined, path.join('.'))
  }
})
