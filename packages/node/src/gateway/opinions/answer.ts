/**
 * One call that asks several models: side by side, each on record as a call of its own, and then the route's own record,
 * which names all of them and what the route's policy made of them. What goes out is what the first one said.
 */
import { randomUUIDv7 } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  type Abstention,
  compareAnswers,
  type LinkedOpinion,
  type OpinionOutcome,
  type OpinionsOnRecord,
  opinionSecret,
  settle,
  tally,
} from '@answerable/core/opinions'
import { nodeSuite } from '../../log/suite.ts'
import { type Answered, type Identity, newIdentity, type Recorded } from '../../record/recorder.ts'
import type { Call } from '../call.ts'
import { errorBody } from '../http.ts'
import { addDissent } from './dissent.ts'
import { CallerGone, type Opinion, type Said } from './opinion.ts'
import type { Route } from './routes.ts'

/** What was said, and its record. */
interface Heard {
  opinion: Opinion
  said: Said
  recorded: Pick<Recorded, 'id' | 'entry'>
}

/** Resolves when the answer is out, recorded. Throws where something could not be recorded. */
export async function answerRoute(call: Call, route: Route, fields: unknown): Promise<void> {
  const identity = newIdentity()
  const heard = await hearAll(call, route, fields, identity)
  const record = recordOf(route, heard)
  const { said } = heard[0]!
  const head = [...said.headers]
  addDissent(head, record)
  // What opens another operator's record is the caller's alone, and stands in no record of ours.
  for (const { said: one } of heard)
    if (one.receiptUrl !== undefined) head.push('answerable-opinion-receipt-url', one.receiptUrl)
  const answered = record.outcome === 'refused' ? refusal(call, record) : said.answered
  const model = `${said.asked.model.slice(0, -1)},"opinions":${JSON.stringify(record)}}`
  const asked = { ...call.asked(model, samplingOf(said)), identity }
  const recorded = await call.context.recorder.answer(asked, answered)
  call.context.opinions(record.outcome)
  call.send(answered.status, answered.response, answered.mediaType, recorded, head)
}

/** Asks all at once, and waits until each has said something, or its time is up. */
async function hearAll(
  call: Call,
  route: Route,
  fields: unknown,
  { id, secret }: Identity,
): Promise<Heard[]> {
  const { opinions, seconds } = route
  const stop = new AbortController()
  const late = () =>
    stop.abort(new AnswerableError('upstream-timeout', `there was no answer within ${seconds} s`))
  const timer = setTimeout(late, seconds * 1000)
  const gone = () => stop.abort(new CallerGone('the caller has gone'))
  call.response.once('close', gone)
  const parties = `${call.parties.slice(0, -1)},"opinionFor":"${id}"}`
  try {
    return await Promise.all(
      opinions.map(async opinion => {
        const own = randomUUIDv7()
        const identity = { id: own, secret: Buffer.from(opinionSecret(secret, own, nodeSuite)) }
        const said = await opinion.ask({ call, fields, identity, parties, signal: stop.signal })
        const { recorder } = call.context
        const recorded =
          said.begun === undefined
            ? await recorder.answer(said.asked, said.answered)
            : await recorder.end(said.begun, 'end', said.answered)
        return { opinion, said, recorded: { id: own, entry: recorded.entry } }
      }),
    )
  } finally {
    clearTimeout(timer)
    call.response.off('close', gone)
    // Where one could not be recorded, the others are not waited for.
    stop.abort(new CallerGone('the call has ended'))
  }
}

function recordOf(route: Route, heard: readonly Heard[]): OpinionsOnRecord {
  const { name, rule, least, onDissent, decides } = route
  const first = heard[0]!.said
  const asked = heard.map(({ opinion, said, recorded }, i): LinkedOpinion => {
    const { outcome, reason } = i === 0 ? ANSWERS : outcomeOf(route, first, said)
    return {
      id: recorded.id,
      statement: Buffer.from(recorded.entry).toString('hex'),
      model: opinion.model,
      ...(opinion.operator !== undefined && { operator: opinion.operator }),
      outcome,
      ...(reason && { reason }),
      ...(said.receipt && { receipt: said.receipt }),
    }
  })
  const outcomes = asked.map(({ outcome }) => outcome)
  const outcome = first.answered.outcome === 'ok' ? settle(outcomes, { least, onDissent }) : 'no-answer'
  return {
    route: name,
    rule,
    least,
    onDissent,
    outcome,
    ...(outcome === 'escalated' && decides !== undefined && { decides }),
    asked,
  }
}

const ANSWERS: { outcome: OpinionOutcome; reason?: Abstention } = { outcome: 'answers' }

function outcomeOf(
  { rule }: Route,
  first: Said,
  { reason, answered }: Said,
): { outcome: OpinionOutcome; reason?: Abstention } {
  if (reason !== undefined) return { outcome: 'abstains', reason }
  if (first.answered.outcome !== 'ok') return { outcome: 'abstains', reason: 'first-failed' }
  const likeness = compareAnswers(rule, first.answered.response, answered.response)
  if (likeness === 'not-comparable') return { outcome: 'abstains', reason: 'not-comparable' }
  return { outcome: likeness === 'same' ? 'agrees' : 'dissents' }
}

function refusal({ path }: Call, { asked, least }: OpinionsOnRecord): Answered {
  const { agree, asked: all } = tally(asked.map(({ outcome }) => outcome))
  const message = `${agree} of the ${all} models asked agree, and this route answers where ${least} do; what each said is on record`
  const { status, body } = errorBody(new AnswerableError('not-agreed', message), path)
  return { response: body, status, mediaType: 'application/json', outcome: 'refused' }
}

/** A seed that was derived follows from the first one's own record, and not from the route's. */
function samplingOf({ asked: { sampling }, begun }: Said): string {
  if (begun === undefined) return sampling
  const { parameters } = JSON.parse(sampling) as { parameters: unknown }
  return JSON.stringify({ parameters, seed: 'derived in the record of the first opinion' })
}
