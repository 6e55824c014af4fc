import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { type Checkpoint, parseCheckpoint } from '@answerable/core/tlog'
import { entry, FakeLog } from './log.fixture.ts'
import { auditTree, type FaultKind } from './tree.ts'

const SIZE = 700

async function checkpointOf(log: FakeLog): Promise<Checkpoint> {
  return parseCheckpoint(parseNote(fromUtf8(await log.checkpoint())).text)
}

for (const size of [0, 1, 255, 256, 257, 512, SIZE]) {
  test(`a right log of ${size} entries has no fault`, async () => {
    const log = new FakeLog('example.com/log', size)
    const audit = await auditTree(log, await checkpointOf(log))
    assert.deepEqual(audit.faults, [])
    assert.equal(audit.entries, size)
  })
}

/** Each alteration, and what is found. */
const TAMPERED: [string, (log: FakeLog) => void, FaultKind, RegExp][] = [
  [
    'a flipped byte of a tile',
    log => log.flip('tile/0/001', 77),
    'tile-mismatch',
    /hash of entry 258, which is the one/,
  ],
  ['a flipped byte of a partial tile', log => log.flip('tile/0/002.p/188', 0), 'tile-mismatch', /entry 512/],
  [
    'a flipped byte of an upper tile',
    log => log.flip('tile/1/000.p/2', 40),
    'tile-mismatch',
    /tile\/1\/000.p\/2: hash 1/,
  ],
  [
    'a flipped byte of an entry',
    log => log.flip('tile/entries/000', 2 + 34 * 3),
    'entry-mismatch',
    /entry 3 is not the one/,
  ],
  ['a flipped length of an entry', log => log.flip('tile/entries/000', 1), 'bad-tile', /entries\/000/],
  [
    'a shorter tile',
    log => log.lies.set('tile/0/001', log.right('tile/0/001')!.slice(32)),
    'bad-tile',
    /tile\/0\/001/,
  ],
  [
    'a shorter bundle',
    log => log.lies.set('tile/entries/001', log.right('tile/entries/001')!.slice(34)),
    'bad-tile',
    /255 entries where 256/,
  ],
  [
    'a longer bundle',
    log =>
      log.lies.set('tile/entries/000', Buffer.concat([log.right('tile/entries/000')!, Buffer.from([0, 0])])),
    'bad-tile',
    /more entries/,
  ],
  ['a missing tile', log => log.lies.set('tile/0/000', undefined), 'missing', /tile\/0\/000 is missing/],
  ['a missing bundle', log => log.lies.set('tile/entries/002.p/188', undefined), 'missing', /entries\/002/],
  ['two entries that changed places', swapEntries, 'entry-mismatch', /entry 10 is not/],
  ['an entry changed with its tile', changeBoth, 'other-root', /do not have the root/],
]

function swapEntries(log: FakeLog): void {
  const bundle = Buffer.from(log.right('tile/entries/000')!)
  const first = Uint8Array.from(bundle.subarray(10 * 34, 11 * 34))
  bundle.copyWithin(10 * 34, 11 * 34, 12 * 34)
  bundle.set(first, 11 * 34)
  log.lies.set('tile/entries/000', bundle)
}

function changeBoth(log: FakeLog): void {
  const other = new FakeLog()
  for (let i = 0; i < SIZE; i++) other.append(i === 5 ? entry(5, 'other') : entry(i))
  for (const path of ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/2'])
    log.lies.set(path, other.right(path))
}

for (const [name, tamper, kind, message] of TAMPERED) {
  test(`${name} is found`, async () => {
    const log = new FakeLog('example.com/log', SIZE)
    tamper(log)
    const { faults } = await auditTree(log, await checkpointOf(log))
    assert.deepEqual(
      faults.map(fault => fault.kind),
      [kind],
    )
    assert.match(faults[0]!.message, message)
  })
}

test('every bit of a small log that is altered is found', async () => {
  const paths = ['tile/0/000.p/3', 'tile/entries/000.p/3']
  for (const path of paths) {
    const { length } = new FakeLog('example.com/log', 3).right(path)!
    for (let at = 0; at < length; at++) {
      const log = new FakeLog('example.com/log', 3)
      log.flip(path, at)
      const { faults } = await auditTree(log, await checkpointOf(log))
      assert.equal(faults.length, 1, `${path}, byte ${at}`)
    }
  }
})

test('a root that is not that of the entries is found', async () => {
  const log = new FakeLog('example.com/log', SIZE)
  const { size } = await checkpointOf(log)
  const { faults } = await auditTree(log, { size, root: Buffer.alloc(32, 7) })
  assert.deepEqual(
    faults.map(({ kind }) => kind),
    ['other-root'],
  )
})

test('a log of three tile levels is audited with a bounded number of tiles under way', async () => {
  const log = new FakeLog('example.com/log', 66_000)
  const roots: number[] = []
  const audit = await auditTree(log, await checkpointOf(log), {
    rootsAt: new Set([1, 65_536, 66_000]),
    onRoot: size => roots.push(size),
  })
  assert.deepEqual(audit.faults, [])
  assert.deepEqual(roots, [1, 65_536, 66_000])
  assert.equal(audit.tiles, 258 + 2 + 1)
  assert.ok(log.most <= 34, `${log.most} at once`)
  log.flip('tile/2/000.p/1', 5)
  const { faults } = await auditTree(log, await checkpointOf(log))
  assert.deepEqual(
    faults.map(({ kind }) => kind),
    ['tile-mismatch'],
  )
})
