/** An auditor asks for more than anybody can answer, and disputes all it can. */
import { formatDisclosureRequest } from '@answerable/core/audit'
import { parseTlogProof } from '@answerable/core/tlog'
import { newRecipient } from '../audit-service/index.ts'
import { nodeSuite } from '../log/suite.ts'
import { type Answered, AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import { makesNoMove } from './lies.ts'

const REQUESTS = 320
const AT_ONCE = 16
const RECORDS = 10
const MOVE_SECONDS = 5
const MADE_UP = 'ab'.repeat(32)
/** Values of credit-f32: a commitment to another number would be found false at once. */
const VALUES = 49

export const floodingAuditor: Drill = {
  name: 'flooding-auditor',
  title: 'an auditor that floods an operator',
  fault: `An auditor sends ${REQUESTS} requests for records in a few seconds, and brings a dispute about each record that it can.`,
  payer:
    'The operator, up to a bound: so many openings a minute, and a trace a dispute. The auditor: each dispute that it loses.',
  appeal: 'Both chambers remove a member whose disputes are noise.',
  notShown: [
    'Many auditors at once: each has a share of its own, and the number of openings side by side is bounded for all together.',
    'Traffic from nobody at all: what is not signed by a member is turned away before it costs more than a signature’s check.',
    'The bond that would make each lost dispute cost something. (Bonds come later.)',
  ],
  needs: needsCanonical,
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: scene.inject ? { audrey: { audits: { moves: makesNoMove } } } : {},
      terms: { moveSeconds: MOVE_SECONDS },
    })
    const { ada } = net.members
    const answers: Answered[] = []
    for (let i = 0; i < RECORDS; i++) answers.push(await net.decide())
    const { index } = parseTlogProof((await net.receipt(answers.at(-1)!.link)).proof)
    await net.comes(() => (ada.state.logs.get(net.log)?.anchor?.size ?? 0) > index)

    if (scene.inject)
      findings.inject(
        `audrey said of ${RECORDS} honest records that they are not what she gets, and disputed each`,
      )
    const disputes = scene.inject ? await disputeEach(net, answers) : undefined
    findings.notice(
      disputes !== undefined &&
        disputes.taken < RECORDS &&
        disputes.refused.every(one => one.includes('too-many')),
      'the host, and everyone by their own copy',
      `${disputes?.taken ?? 0} disputes of one owner were open; the next is refused: too-many`,
    )
    if (scene.inject) findings.inject(`audrey sent ${REQUESTS} requests for records, ${AT_ONCE} at a time`)
    const asked = await flood(net, scene.inject ? REQUESTS : 3)
    findings.notice(
      (asked.statuses.get(429) ?? 0) > 0,
      'bo’s gateway',
      `${asked.statuses.get(429) ?? 0} of ${REQUESTS} requests refused: too-many-requests`,
    )
    if (disputes === undefined) return
    findings.now(
      asked.slowestMs < 2000 && asked.answered.every(({ status }) => status === 200),
      `meanwhile ${asked.answered.length} callers of bo’s were answered, the slowest after ${Math.round(asked.slowestMs)} ms`,
    )
    const honest = await flood(net, 1, 'dee')
    findings.now(
      [...honest.statuses.keys()].every(status => status !== 429),
      'and a request of another member’s was looked at as ever',
    )
    await net.comes(() => net.disputes.every(({ status }) => status === 'decided'))
    findings.after(
      net.disputes.length === disputes.taken &&
        net.disputes.every(({ wrong, game }) => wrong === 'challenger' && game?.end?.kind === 'silence'),
      `bo answered each with its own trace; audrey showed none, let her time pass, and lost all ${net.disputes.length}`,
    )
    const { claims } = await net.verify(answers[0]!.link)
    findings.after(
      claims.output.result !== 'fail' && claims.accountability.reason === 'operator-registered',
      'nothing is held against bo',
    )
  },
}

/** Findings and disputes about records whose receipts she holds, as anybody could who was given them. */
async function disputeEach(
  net: AuditedNetwork,
  answers: readonly Answered[],
): Promise<{ taken: number; refused: string[] }> {
  const { audrey, ada } = net.members
  const shown = await Promise.all(
    answers.map(async ({ link }) => {
      const { statement, proof } = await net.receipt(link)
      return { entry: nodeSuite.sha256Hex(statement), proof, index: parseTlogProof(proof).index }
    }),
  )
  const { digest } = await audrey.states('finding', {
    findings: shown.map(({ entry, index }) => ({
      log: net.log,
      index,
      entry,
      outcome: 'inconsistent',
      report: MADE_UP,
    })),
  })
  await net.comes(() => ada.book.find(digest) !== undefined)
  let taken = 0
  const refused: string[] = []
  for (const { entry, proof } of shown) {
    const commitment = { version: 1, root: MADE_UP, count: VALUES }
    await audrey.states('dispute', { log: net.log, entry, proof, commitment }).then(
      () => taken++,
      error => refused.push(String(error)),
    )
  }
  return { taken, refused }
}

interface Flooded {
  /** How many requests came to which status. */
  statuses: Map<number, number>
  /** Callers who asked for decisions meanwhile. */
  answered: Answered[]
  slowestMs: number
}

async function flood(net: AuditedNetwork, count: number, by: 'audrey' | 'dee' = 'audrey'): Promise<Flooded> {
  const { bo } = net.members
  const signer = (await net.members[by].keys()).statements('member')
  const { publicKey } = await newRecipient()
  const statuses = new Map<number, number>()
  const answered: Answered[] = []
  let slowestMs = 0
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const request = formatDisclosureRequest(
        {
          network: net.network,
          by,
          time: Date.now(),
          log: net.log,
          // Each another one, or it would be the same request again.
          index: left,
          ground: { reason: 'sample', epoch: 0 },
          recipient: publicKey,
        },
        signer,
      )
      const response = await fetch(`${bo.url}/audit/disclosure`, {
        method: 'POST',
        body: Buffer.from(request).toString(),
      })
      await response.arrayBuffer()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  }
  const callers = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      const since = performance.now()
      answered.push(await net.decide())
      slowestMs = Math.max(slowestMs, performance.now() - since)
    }
  }
  await Promise.all([callers(), ...Array.from({ length: Math.min(AT_ONCE, count) }, one)])
  return { statuses, answered, slowestMs }
}
