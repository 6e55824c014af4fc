import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { World } from '../../../core/test/fixture.ts'
import { layOut } from './json-layout.ts'
import { quorumWords } from './policy-words.ts'
import { progressLine } from './progress.ts'
import { columns, plain, plainLines, wrap } from './text.ts'

test('wrapping keeps to the width, breaks long words, and leaves URLs and digests whole', () => {
  const digest = 'ab'.repeat(50)
  for (const line of wrap(`${'word '.repeat(60)} ${'x.y'.repeat(70)}`, 4)) assert.ok(columns(line) <= 80)
  assert.ok(wrap(`see ${digest}`, 4).includes(`    ${digest}`))
  assert.ok(wrap(`at https://example.com/${'p/'.repeat(60)}`).some(line => line.length > 100))
  for (const line of wrap('漢字'.repeat(60), 2)) assert.ok(columns(line) <= 80)
})

test('columns: wide characters take two, marks and colours none', () => {
  assert.equal(columns('漢字'), 4)
  assert.equal(columns('e\u0301'), 1)
  assert.equal(columns('\u001b[32mpass\u001b[39m'), 4)
})

test('text from elsewhere is plain', () => {
  assert.equal(plain('a\u001b[2J\u202eb\r\nc\u200bd\u0000'), 'a [2J b c d')
  assert.equal(plainLines('a\n\tb\u009bc'), 'a\n\tb\u{fffd}c')
})

test('JSON is set out by its text, so no digit is lost', () => {
  const text = '{"a":1.0,"big":12345678901234567890,"s":"x\\"{,}","e":[],"o":{},"list":[1, 2,3]}'
  assert.equal(
    layOut(text),
    '{\n  "a": 1.0,\n  "big": 12345678901234567890,\n  "s": "x\\"{,}",\n  "e": [],\n  "o": {},\n  "list": [1, 2, 3]\n}',
  )
  assert.deepEqual(JSON.parse(layOut(text)), JSON.parse(text))
  assert.equal(layOut('"just text"'), '"just text"')
})

test('a progress line: how far, how fast, how long', () => {
  assert.match(progressLine(250, 1000, 'entries', 5), / {2}25% {2}50 entries\/s, 15 s left$/)
  assert.match(progressLine(0, 0, 'entries', 0), /100%/)
})

test('quorums in words', () => {
  const words = (options: ConstructorParameters<typeof World>[0]) =>
    quorumWords(parsePolicy(new World(options).policy, nodeSuite))
  assert.equal(
    words({ threshold: 0 }),
    'none: no witness is asked for, so the operator alone could alter the log',
  )
  assert.equal(words({ owners: { ann: 3 }, threshold: 1 }), '1 of 3 witnesses of 1 owner (ann)')
  assert.equal(
    words({ owners: { ann: 2, bob: 1 }, threshold: 2 }),
    '2 of 2 owners: ann (1 of 2 witnesses), bob (1 of 1 witness)',
  )
})
