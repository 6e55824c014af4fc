/** Witnessed checkpoints that are kept: the first that covers an entry, one a minute. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseNote } from '@answerable/core/note'
import { parseCheckpoint } from '@answerable/core/tlog'
import { TestLog } from '../../../core/test/fixture.ts'
import { temporaryFolder } from '../../test/network.ts'
import { WitnessedHistory } from './history.ts'

const log = new TestLog('example.com/log')
log.fill(40)
const at = (size: number, note = log.checkpoint([], {}, size)) => {
  const { root } = parseCheckpoint(parseNote(note).text)
  return { size, root, note }
}

test('the first that covers an entry is found, to the minute, also after a restart', t => {
  const path = join(temporaryFolder(t), 'witnessed.sqlite')
  let history = new WitnessedHistory(path)
  assert.equal(history.first(0), undefined)
  const minute = 60_000
  history.add(at(3), 0)
  history.add(at(5), minute - 1)
  // Nothing is recorded for long: what was seen before is still dated by its own minute.
  history.add(at(7), 100 * minute)
  history.add(at(8), 100 * minute + 1)
  history.add(at(9), 103 * minute)
  for (let i = 0; i < 2; i++) {
    const sizes = [0, 2, 4, 5, 6, 7, 8].map(index => history.first(index)?.size)
    assert.deepEqual(sizes, [5, 5, 5, 8, 8, 8, 9])
    assert.equal(history.first(9), undefined)
    history.close()
    history = new WitnessedHistory(path)
  }
  assert.deepEqual(history.first(0), at(5))
  history.close()
})

test('the same checkpoint with more cosignatures takes its place', t => {
  const history = new WitnessedHistory(join(temporaryFolder(t), 'witnessed.sqlite'))
  history.add(at(3), 0)
  const more = `${at(3).note}\n`
  history.add({ ...at(3), note: more }, 10)
  history.add(at(4), 10 ** 9)
  assert.equal(history.first(3)?.size, 4)
  history.close()
  // A database that is closed, or a disk that is full, costs a date and no more.
  history.add(at(5), 10 ** 12)
  history.add(at(9), 10 ** 13)
})
