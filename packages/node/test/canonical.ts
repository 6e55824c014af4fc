/** Whether tests of disputes over graphs can run here: in CI they must. */
import { findCanonical } from '../src/canonical/index.ts'

/** For `skip` of a test: why, or false. */
export function withoutCanonical(): string | false {
  if (findCanonical() !== undefined) return false
  if (process.env.CI)
    throw new Error('the canonical runtime is missing, and in CI it must be there: npm run canonical')
  return 'the canonical runtime is not installed: npm run canonical'
}
