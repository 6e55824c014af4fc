/** What a drill over a graph takes besides the default install. */
import { findCanonical } from '../canonical/index.ts'

/** Why a drill with a dispute over a graph cannot run here. */
export function needsCanonical(): string | undefined {
  return findCanonical() === undefined
    ? 'the canonical runtime of disputes is not installed: npm run canonical'
    : undefined
}
