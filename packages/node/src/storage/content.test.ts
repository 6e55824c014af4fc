import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { openContent, PARTS, type Part, Sealing } from './content.ts'

const name = fc.constantFrom(...(Object.keys(PARTS) as Part[]))
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 60 << 10, max: 200 << 10 }).map(length => new Uint8Array(length).fill(length)),
)
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const part = fc.tuple(name, fc.oneof(bytes, text))

test('parts open as they were added, whatever their sizes, one record after another', () => {
  const record = fc.uniqueArray(part, { selector: ([one]) => one, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), records => {
      const sealed = records.map(parts => {
        const key = randomBytes(32)
        const sealing = new Sealing()
        for (const [one, value] of parts) {
          if (typeof value === 'string') sealing.addText(one, value)
          else sealing.add(one, value)
        }
        return { key, content: sealing.seal(key) }
      })
      for (const [i, { key, content }] of sealed.entries()) {
        const opened = openContent(key, content)
        assert.equal(Object.keys(opened).length, records[i]!.length)
        for (const [one, value] of records[i]!) assert.deepEqual(opened[one], Buffer.from(value))
      }
    }),
    { numRuns: 60 },
  )
})

test('content opens under its own key alone, and only whole', () => {
  const key = randomBytes(32)
  const sealing = new Sealing()
  sealing.addText('request', 'a question')
  const content = sealing.seal(key)
  assert.throws(() => openContent(randomBytes(32), content), { code: 'corrupt' })
  for (let at = 0; at < content.length; at++) {
    const flipped = Buffer.from(content)
    flipped[at]! ^= 1
    assert.throws(() => openContent(key, flipped), { code: 'corrupt' })
  }
})
