/** When a bundle's signature was made: by the promises of logs, and by timestamps of other authorities. */
import type { Suite } from '../../suite.ts'
import { shownTime } from '../../time.ts'
import type { Bundle } from './bundle.ts'
import { entryFault } from './entry-body.ts'
import { attempt } from './fields.ts'
import { checkLogEntry } from './log-entry.ts'
import { type ProvenanceStep, step } from './step.ts'
import { readTimestamp, timestampFault } from './timestamp.ts'
import type { TrustedRoot } from './trusted-root.ts'

interface AsOf {
  /** Unix milliseconds. */
  time: number
  suite: Suite
}

/** The times at which the certificate must be valid: by logs, and by other authorities. Empty where something is wrong. */
export function timeSteps(
  bundle: Bundle,
  root: TrustedRoot,
  options: AsOf,
  steps: ProvenanceStep[],
): number[] {
  const logged = logSteps(bundle, root, options, steps)
  const stamped = logged && timestampTimes(bundle, root, options, steps)
  if (logged === undefined || stamped === undefined) return []
  const times = [...logged, ...stamped]
  const [first] = times
  const late = times.find(one => one > options.time)
  steps.push(
    first === undefined
      ? step('time', 'not-checked', 'undated', 'no log promised a time, and no other authority dated it')
      : late === undefined
        ? step('time', 'pass', 'dated', `on ${shownTime(first)}`)
        : step('time', 'fail', 'not-yet-logged', `it is of ${shownTime(late)}, which is to come`),
  )
  return times
}

/** The times of timestamps; undefined where one is bad. */
function timestampTimes(
  { timestamps, content }: Bundle,
  { timestampAuthorities }: TrustedRoot,
  { suite }: AsOf,
  steps: ProvenanceStep[],
): number[] | undefined {
  if (timestamps.length === 0) {
    steps.push(step('timestamps', 'not-checked', 'no-timestamps', 'no other authority dated it'))
    return []
  }
  const stamps = attempt(() => timestamps.map(readTimestamp))
  const names = stamps instanceof Error ? [] : stamps.map(({ serial, time }) => `${serial} ${time}`)
  const fault =
    stamps instanceof Error
      ? stamps.message
      : new Set(names).size < names.length
        ? 'the same twice'
        : stamps
            .map(one => timestampFault(one, content.signature, timestampAuthorities, suite))
            .find(one => one !== undefined)
  if (stamps instanceof Error || fault !== undefined) {
    steps.push(step('timestamps', 'fail', 'bad-timestamp', fault ?? ''))
    return undefined
  }
  steps.push(step('timestamps', 'pass', 'timestamped', 'authorities of the trusted root dated the signature'))
  return stamps.map(({ time }) => time)
}

/** The times that logs promised; every entry must be good. Undefined where one is not. */
function logSteps(
  bundle: Bundle,
  root: TrustedRoot,
  { suite }: AsOf,
  steps: ProvenanceStep[],
): number[] | undefined {
  const urls: string[] = []
  const times: number[] = []
  let fault: ProvenanceStep | undefined
  for (const entry of bundle.entries) {
    const shown = checkLogEntry(entry, root.logs, suite)
    if ('fault' in shown) {
      fault = step('log', 'fail', shown.fault, shown.detail)
      break
    }
    // One entry twice is not two.
    if (urls.includes(shown.url)) {
      fault = step('log', 'fail', 'bad-promise', `two entries of ${shown.url}`)
      break
    }
    urls.push(shown.url)
    if (shown.time !== undefined) times.push(shown.time)
  }
  if (bundle.entries.length === 0) fault = step('log', 'fail', 'no-log-entry', 'it has no entry of a log')
  steps.push(fault ?? step('log', 'pass', 'logged', `in ${urls.join(' and ')}, by its own proof`))
  if (fault !== undefined) return undefined
  for (const entry of bundle.entries) {
    const wrong = entryFault(entry, bundle, suite)
    if (wrong === undefined) continue
    const { fault: reason, detail } = wrong
    steps.push(
      reason === 'unknown-entry-kind'
        ? step('entry', 'not-checked', reason, detail)
        : step('entry', 'fail', reason, detail),
    )
    return undefined
  }
  steps.push(step('entry', 'pass', 'entry-matches', 'the log has this signature, digest and certificate'))
  return times
}
