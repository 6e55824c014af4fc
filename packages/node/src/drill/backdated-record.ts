/** An operator makes records look older than they are, or keeps them from its witnesses. */
import { networkFromRegistry, type Receipt, type Verification, Verifier } from '@answerable/core/receipt'
import { registryPoint } from '../gateway/node.ts'
import { nodeSuite } from '../log/suite.ts'
import { type Answer, ask } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt } from './holder.ts'
import type { Member } from './member.ts'

/** How far the operator's clock is put back, and how far apart an honest record's two ends are at most. */
const BACK_MS = 12_000
const APART_S = 9

export const backdatedRecord: Drill = {
  name: 'backdated-record',
  title: 'a record is dated back, another hidden',
  fault:
    'An operator answers with its clock put back and an old registry checkpoint; then it keeps a record from all witnesses.',
  payer: 'The operator: its log is marked as silent for good, and it is suspended. (Bonds come later.)',
  appeal:
    'Until the deadline, an answer that shows the record under a quorum. After it, both chambers reinstate.',
  notShown: [
    'A record whose caller never asks for its receipt, or never says that no quorum has seen it.',
    'A record that is dated back by less than the time between two registry checkpoints.',
    'Whether the operator was cut off or unwilling: the challenge asks only for an answer in time.',
  ],
  async run(scene) {
    const { findings } = scene
    let back = 0
    const shared = await scene.owners({
      clock: id => (id === 'bo' ? () => Date.now() - back : Date.now),
      // A validator keeps its seat: others could empty it by withholding their cosignatures.
      roles: id => (id === 'bo' ? ['operator'] : undefined),
    })
    const [ada, bo, cy] = shared.members
    const { gateway } = bo.network!
    if (scene.inject) {
      const { origin, ...official } = bo.registry.mirror.official!
      await scene.pause(BACK_MS)
      gateway.setRegistry(registryPoint(origin, official))
      gateway.setRegistry = () => undefined
      back = BACK_MS
      findings.inject(
        `bo answered with its clock ${BACK_MS / 1000} s back, naming a registry checkpoint of then`,
      )
    }
    const dated = await ask(bo.url, { prompt: 'as if long ago' })
    back = 0
    await scene.comes(async () => (await checked(ada, dated)).claims.recorded.reason === 'witnessed')
    const { record } = await checked(ada, dated)
    const { from = 0, until = 0 } = record?.interval ?? {}
    findings.notice(
      record !== undefined && until - from >= APART_S && until * 1000 - record.time >= APART_S * 1000,
      'anyone who checks the receipt',
      `it says ${clock(record?.time)}, and is shown from ${clock(from * 1000)} until ${clock(until * 1000)}: its age is the later end, whatever it says`,
    )
    findings.now(
      record !== undefined && from * 1000 <= record.time + 1000 && record.time <= until * 1000 + 1000,
      'a record cannot be younger than its first quorum, nor older than the checkpoint that it names',
    )

    if (scene.inject) bo.reach = url => (url.includes('/witness/') ? undefined : url)
    const hidden = await ask(bo.url, { prompt: 'for your eyes only' })
    if (scene.inject) findings.inject('bo answered, and showed its log to no witness but its own')
    const { maximumDelaySeconds, challengeSeconds } = ada.state.terms
    const seen = async () => (await checked(ada, hidden)).claims.recorded.reason === 'witnessed'
    const inTime = await scene.comes(seen, maximumDelaySeconds * 1000 + 500)
    const { reason } = (await checked(ada, hidden)).claims.recorded
    findings.notice(
      !inTime && reason === 'quorum-not-met',
      'the caller, whose receipt bo’s log signed',
      `recorded is not-checked, ${reason}, past the charter’s ${maximumDelaySeconds} s`,
    )
    const challenge = inTime ? '' : await challenged(cy, await fetchReceipt(hidden.link!))
    const status = () => shared.members.map(({ state }) => state.challenges.get(challenge)?.status)
    if (!inTime)
      findings.now(
        await scene.comes(() => status().every(one => one !== undefined)),
        'cy, asked by the caller, challenged it: the log’s own proof of the record is the evidence',
      )
    if (inTime) return
    const others = [ada, cy, shared.members[3]]
    const { key } = gateway.options.signer
    findings.after(
      await scene.comes(() =>
        others.every(({ state }) => state.logs.get(key.name)?.silent?.challenge === challenge),
      ),
      `no answer came in ${challengeSeconds} s of counted time: silence loses, and the log is marked`,
    )
    findings.after(
      others.every(({ state }) => state.members.get('bo')?.status === 'suspended'),
      'bo, an operator and no validator, is suspended',
    )
    const official = ada.official
    findings.after(
      await scene.comes(() => others.every(one => one.official > official)),
      'the three validators go on',
    )
    // Cosignatures count whole seconds. Started anew, it asks all witnesses at once.
    await bo.stop()
    await scene.pause(1100)
    bo.reach = url => url
    await bo.start()
    const late = async () =>
      (await checked(ada, hidden)).claims.accountability.reason === 'operator-in-default'
    findings.after(
      await scene.comes(late),
      'once bo shows its log after all, readers of that receipt are told: accountability, operator-in-default',
    )
  },
}

/** As somebody checks it who replayed the registry. */
async function checked(reader: Member, { link }: Answer): Promise<Verification> {
  const network = networkFromRegistry('drill', reader.state, nodeSuite)
  return new Verifier(nodeSuite, { networks: [network] }).verify(await fetchReceipt(link!))
}

/** A consistency challenge, in a member's name. Resolves with its digest. */
async function challenged(member: Member, { statement, proof }: Receipt): Promise<string> {
  const entry = nodeSuite.sha256Hex(statement)
  const log = JSON.parse(Buffer.from(statement).toString()).predicate.log as string
  const { digest } = await member.states('challenge', { type: 'consistency', log, entry, proof })
  return digest
}

function clock(ms: number | undefined): string {
  return ms === undefined ? 'nothing' : new Date(ms).toISOString().slice(11, 19)
}
