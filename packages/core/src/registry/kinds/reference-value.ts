/**
 * A member approves an image: which measurements it has, what it does, and where it comes from. Whose approvals count is
 * for readers to say, and for charters.
 */

import { utf8 } from '../../bytes.ts'
import { parseReferenceValue, type ReferenceValue } from '../../evidence/reference.ts'
import type { Suite } from '../../suite.ts'
import { line, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

/** That one member has approved and not revoked. */
const MOST_REFERENCES = 256

export const referenceValue: Kind<ReferenceValue> = {
  purposes: ['member'],
  roles: ['publisher', 'validator', 'auditor', 'operator'],
  parse(body) {
    const reference = parseReferenceValue(body.reference, 'reference', shape)
    // It is shown to people, as all text of the registry is.
    line(reference.image, 'reference.image')
    for (const [name, value] of Object.entries(reference.measurements))
      line(value, `reference.measurements.${name}`, 1024)
    const { source } = reference.provenance ?? {}
    if (source !== undefined) line(source, 'reference.provenance.source', 1024)
    return reference
  },
  check(state, { body, by, suite }) {
    const id = referenceId(body, suite)
    const all = state.referencesOf(id)
    // What a quorum revoked is revoked, whoever approves it next, and with whatever beside. Another build has other measurements.
    if (state.isRevokedImage(body)) return 'not-open'
    if (all.some(one => one.by === by.member.id)) return 'given-before'
    return state.approvedBy(by.member.id) >= MOST_REFERENCES ? 'too-many' : undefined
  },
  apply(state, { body, by, index, suite }) {
    const id = referenceId(body, suite)
    const stated = state.moment(index)
    state.references.set(`${id} ${by.member.id}`, {
      id,
      by: by.member.id,
      reference: body,
      stated,
      revoked: null,
    })
  },
}

/** An image, whoever approves it: SHA-256 over its format and its measurements, sorted by name. */
export function referenceId(
  { format, measurements }: Pick<ReferenceValue, 'format' | 'measurements'>,
  suite: Suite,
): string {
  const sorted = Object.entries(measurements).sort(([a], [b]) => (a < b ? -1 : 1))
  // Written out, since an object would put names that are numbers first.
  const pairs = sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return suite.sha256Hex(utf8(`{"format":${JSON.stringify(format)},"measurements":{${pairs.join()}}}`))
}
