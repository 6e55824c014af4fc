/** Shared by the tests of the whole: parts that a machine may not have, and records made without HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A part that a test starts is a failure where it is missing in CI, and a skip that says why on a user's machine. */
export function needs(t: TestContext, there: boolean, what: string): boolean {
  if (there) return true
  if (process.env.CI) throw new Error(`${what} is missing, and in CI it must be there`)
  t.skip(`${what} is not installed here`)
  return false
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
