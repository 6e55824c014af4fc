import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { concat, fromHex, fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import {
  compareManifest,
  compareNames,
  formatManifest,
  isResourceName,
  isSame,
  manifestDigest,
  OLD_MANIFEST_TYPE,
  parseManifest,
  type Resource,
} from './manifest.ts'

const digestOf = (text: string) => suite.sha256Hex(utf8(text))
const RESOURCES: Resource[] = ['model.onnx', 'card.json', 'a/b.bin'].map(name => ({
  name,
  sha256: digestOf(name),
}))

/** A manifest as an object, for changing. */
const fields = () => JSON.parse(fromUtf8(formatManifest({ name: 'credit', resources: RESOURCES }, suite)))
const parsed = (value: unknown) => parseManifest(utf8(JSON.stringify(value)), suite)
const refused = (value: unknown, message: RegExp) =>
  assert.throws(
    () => parsed(value),
    error => error instanceof AnswerableError && error.code === 'bad-manifest' && message.test(error.message),
  )

test('written, then read: sorted by name, with the digest of all digests in that order as subject', () => {
  const bytes = formatManifest({ name: 'credit', resources: RESOURCES, ignorePaths: ['model.sig'] }, suite)
  const manifest = parseManifest(bytes, suite)
  assert.deepEqual(
    manifest.resources.map(({ name }) => name),
    ['a/b.bin', 'card.json', 'model.onnx'],
  )
  const digests = manifest.resources.map(({ sha256 }) => fromHex(sha256))
  assert.equal(manifest.root, suite.sha256Hex(concat(...digests)))
  assert.deepEqual(manifest.ignorePaths, ['model.sig'])
  assert.equal(manifestDigest(bytes, suite), suite.sha256Hex(bytes))
})

test('names are sorted by code point', () => {
  // In UTF-16, which JavaScript compares by, the astral letter would come first.
  assert.ok(compareNames('\uff5a', '\u{1d5ba}') < 0)
  assert.ok('\uff5a' > '\u{1d5ba}')
  assert.ok(compareNames('a', 'ab') < 0)
})

test('the old form is read, and a model that is one file is called "."', () => {
  const old = parsed({
    _type: 'https://in-toto.io/Statement/v1',
    subject: RESOURCES.map(({ name, sha256 }) => ({ name, digest: { sha256 }, annotations: {} })),
    predicateType: OLD_MANIFEST_TYPE,
    predicate: { unused: 'anything' },
  })
  assert.deepEqual([old.resources, old.root], [RESOURCES, undefined])
  const one = parseManifest(
    formatManifest({ name: 'x', resources: [{ name: '.', sha256: digestOf('x') }] }, suite),
    suite,
  )
  assert.deepEqual(compareManifest(one, [{ name: 'x.onnx', sha256: digestOf('x') }]).altered, [])
  assert.deepEqual(compareManifest(one, [{ name: 'x.onnx', sha256: digestOf('y') }]).altered, ['x.onnx'])
})

test('every field that matters is looked at', () => {
  const wrong: [string, (value: ReturnType<typeof fields>) => void][] = [
    ['_type', value => (value._type = 'https://in-toto.io/Statement/v0.1')],
    ['predicateType', value => (value.predicateType = 'https://model_signing/signature/v2.0')],
    ['subject', value => value.subject.push(value.subject[0])],
    ['subject', value => (value.subject[0].digest.sha256 = digestOf('other'))],
    ['serialization.method', value => (value.predicate.serialization.method = 'shards')],
    ['serialization.hash_type', value => (value.predicate.serialization.hash_type = 'blake2b')],
    ['allow_symlinks', value => (value.predicate.serialization.allow_symlinks = 'no')],
    ['resources', value => (value.predicate.resources = [])],
    ['resources', value => value.predicate.resources.push(value.predicate.resources[0])],
    ['resources\\[0\\].algorithm', value => (value.predicate.resources[0].algorithm = 'sha512')],
    ['resources\\[1\\].digest', value => (value.predicate.resources[1].digest = 'AB'.repeat(32))],
    ['resources\\[2\\].name', value => (value.predicate.resources[2].name = '../model.onnx')],
    ['in place of a folder', value => (value.predicate.resources[1].name = 'a')],
    ['beside other files', value => (value.predicate.resources[2].name = '.')],
    // Another order is another digest.
    ['subject', value => value.predicate.resources.reverse()],
  ]
  parsed(fields())
  for (const [message, change] of wrong) {
    const value = fields()
    change(value)
    refused(value, new RegExp(message))
  }
})

test('no name leads out of the folder, on any system', () => {
  for (const name of ['model.onnx', 'a/b/c', '.hidden', 'a..b', 'Modèle 1.onnx', '模型.bin', 'a:b'])
    assert.ok(name === 'a:b' ? !isResourceName(name) : isResourceName(name), name)
  for (const name of [
    '',
    '.',
    '..',
    '/a',
    'a/',
    'a//b',
    './a',
    'a/../b',
    'C:/x',
    'a\\b',
    'a\nb',
    'a\0',
    '\ud800',
  ])
    assert.ok(!isResourceName(name), JSON.stringify(name))
})

test('a flip of any byte of a manifest is another digest, and never the same list of files', () => {
  const bytes = formatManifest({ name: 'credit', resources: RESOURCES }, suite)
  const { resources } = parseManifest(bytes, suite)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = concat(bytes)
      changed[at]! ^= mask
      assert.notEqual(manifestDigest(changed, suite), manifestDigest(bytes, suite))
      try {
        const other = parseManifest(changed, suite)
        // What parses still names these digests, or else its subject would not be theirs.
        assert.deepEqual(
          other.resources.map(({ sha256 }) => sha256),
          resources.map(({ sha256 }) => sha256),
        )
      } catch (error) {
        assert.ok(error instanceof AnswerableError)
      }
    }),
  )
})

test('compared with files: missing, extra and altered by name', () => {
  const manifest = parseManifest(formatManifest({ name: 'credit', resources: RESOURCES }, suite), suite)
  assert.ok(isSame(compareManifest(manifest, RESOURCES)))
  const files = [
    { name: 'model.onnx', sha256: digestOf('altered') },
    { name: 'card.json', sha256: digestOf('card.json') },
    { name: 'more.txt', sha256: digestOf('more') },
  ]
  assert.deepEqual(compareManifest(manifest, files), {
    missing: ['a/b.bin'],
    extra: ['more.txt'],
    altered: ['model.onnx'],
  })
})

test('any list of files makes the round trip', () => {
  const names = fc.uniqueArray(
    fc.stringMatching(/^[a-z0-9_.-]{1,8}(\/[a-z0-9_-]{1,8}){0,3}$/).filter(isResourceName),
    {
      minLength: 1,
      maxLength: 20,
    },
  )
  fc.assert(
    fc.property(names, fc.string(), (list, name) => {
      // A file that is also a folder of another is refused, and none of these is.
      if (list.some(item => list.some(other => other.startsWith(`${item}/`)))) return
      const resources = list.map(item => ({ name: item, sha256: digestOf(item) }))
      const manifest = parseManifest(formatManifest({ name, resources }, suite), suite)
      assert.ok(isSame(compareManifest(manifest, resources)))
    }),
  )
})
