/** What came of running records again: an auditor's word, one record at a time, and no content of any of them. */

import { findingId } from '../disputes.ts'
import { optional, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { FINDING_OUTCOMES, type Finding } from '../records.ts'

export type StatedFinding = Omit<Finding, 'auditor' | 'key' | 'stated' | 'dispute'>

const MOST_FINDINGS = 64

export const finding: Kind<StatedFinding[]> = {
  purposes: ['member'],
  roles: ['auditor'],
  parse(body) {
    const found = shape.array(body.findings, 'findings', MOST_FINDINGS).map((item, i): StatedFinding => {
      const where = `findings[${i}]`
      const fields = shape.object(item, where)
      return {
        log: shape.origin(fields.log, `${where}.log`),
        index: shape.count(fields.index, `${where}.index`),
        entry: shape.digest(fields.entry, `${where}.entry`),
        outcome: shape.literal(fields.outcome, `${where}.outcome`, FINDING_OUTCOMES),
        model: optional(fields.model, one => shape.digest(one, `${where}.model`)),
        report: shape.digest(fields.report, `${where}.report`),
        epoch: optional(fields.epoch, one => shape.count(one, `${where}.epoch`)),
      }
    })
    if (found.length === 0) shape.fail('findings', 'at least one')
    const names = new Set(found.map(({ log, index }) => `${log} ${index}`))
    if (names.size < found.length) shape.fail('findings', 'records, each once')
    return found
  },
  check(state, { body, by }) {
    for (const { log, index } of body) {
      const known = state.logs.get(log)
      if (known === undefined) return 'no-such-log'
      if (known.anchor === null || index >= known.anchor.size) return 'not-anchored'
      if (state.findings.has(findingId(log, index, by.member.id))) return 'given-before'
    }
    return undefined
  },
  apply(state, { body, by, index }) {
    const auditor = by.member.id
    for (const found of body) {
      const { log, entry, outcome, model, report, epoch } = found
      state.findings.set(findingId(log, found.index, auditor), {
        log,
        index: found.index,
        entry,
        auditor,
        key: by.keyid,
        outcome,
        model,
        report,
        epoch,
        stated: state.moment(index),
        dispute: null,
      })
    }
  },
}
