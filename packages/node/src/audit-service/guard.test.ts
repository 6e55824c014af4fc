import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCode } from '@answerable/core'
import { Guard } from './guard.ts'

const NOW = 1_700_000_000_000
const codeOf = (work: () => void): string => {
  try {
    work()
    return 'admitted'
  } catch (error) {
    return errorCode(error)
  }
}

test('a request is fresh, and made once', () => {
  const guard = new Guard({ windowMs: 1000 })
  const admit = (digest: string, time: number, now = NOW) =>
    codeOf(() => guard.admit('ada', digest, time, now))
  assert.equal(admit('a', NOW), 'admitted')
  assert.equal(admit('a', NOW), 'replayed')
  assert.equal(admit('b', NOW - 1001), 'out-of-time')
  assert.equal(admit('b', NOW + 1001), 'out-of-time')
  assert.equal(admit('b', NOW + 1000), 'admitted')
  // One from ahead of the clock is remembered for as long as it would be in time.
  assert.equal(admit('b', NOW + 1000, NOW + 1999), 'replayed')
  assert.equal(admit('b', NOW + 1000, NOW + 2001), 'out-of-time')
  // Another member's copy of it is no new request either.
  assert.equal(
    codeOf(() => guard.admit('bo', 'b', NOW + 1000, NOW + 1999)),
    'replayed',
  )
})

test('each member has a share of its own, which grows again', () => {
  const guard = new Guard({ windowMs: 1e9, perMinute: 3 })
  let made = 0
  const admit = (by: string, now = NOW) => codeOf(() => guard.admit(by, `${made++}`, now, now))
  for (let i = 0; i < 3; i++) assert.equal(admit('ada'), 'admitted')
  assert.equal(admit('ada'), 'too-many-requests')
  assert.equal(admit('bo'), 'admitted')
  assert.equal(admit('ada', NOW + 19_000), 'too-many-requests')
  assert.equal(admit('ada', NOW + 21_000), 'admitted')
  assert.equal(admit('ada', NOW + 21_000), 'too-many-requests')
  // A clock that goes back gives nothing away.
  assert.equal(admit('ada', NOW), 'too-many-requests')
  assert.equal(admit('ada', NOW + 21_000), 'too-many-requests')
})

test('so many records are opened at a time, and so many of them for one member', async () => {
  const guard = new Guard({ concurrent: 3, concurrentEach: 2 })
  const ends: (() => void)[] = []
  const open = (by: string) => guard.run(by, NOW, () => new Promise<void>(resolve => ends.push(resolve)))
  const busy = { code: 'too-many-requests' }
  const running = [open('ada'), open('ada')]
  await assert.rejects(open('ada'), busy)
  running.push(open('bo'))
  await assert.rejects(open('cy'), busy)
  ends.shift()!()
  await running.shift()
  running.push(open('cy'))
  for (const end of ends.splice(0)) end()
  await Promise.all(running)
  await assert.rejects(
    guard.run('ada', NOW, () => Promise.reject(new Error('x'))),
    /x/,
  )
  const again = [open('ada'), open('ada')]
  for (const end of ends) end()
  await Promise.all(again)
})
