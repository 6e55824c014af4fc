/** An application for people: what it still takes. */
import type { Application, State } from '@answerable/core/registry'
import { program } from '../program.ts'
import { approvalWords, period, whoMayApprove } from '../registry/words.ts'
import { labelled, plain } from './text.ts'

export function applicationLines(state: State, application: Application): string[] {
  const { digest, member, status, approvals, due } = application
  const left = period(Math.max(0, Math.ceil((due - state.clock) / 1000)))
  const head = `  application  ${digest}`
  if (status === 'active') return [head, ...labelled('status', 'approved by both chambers: admitted')]
  if (status === 'lapsed') return [head, ...labelled('status', 'lapsed: not approved in time')]
  const lines = [head, ...labelled('approvals', approvalWords(state, approvals))]
  if (status === 'waiting')
    return [...lines, ...labelled('status', `approved; in after ${left} of counted time`)]
  const missing = whoMayApprove(state, approvals).map(plain).join(', ')
  return [
    ...lines,
    ...labelled(
      'waiting',
      `${period(state.terms.waitingSeconds)} after that; without approvals it lapses in ${left}`,
    ),
    ...labelled('missing', `${missing}, who run: ${program()} member approve ${plain(member.id)}`),
  ]
}
