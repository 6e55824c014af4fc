/** Two models are asked for one decision, and one of them was altered. */
import { readFile, writeFile } from 'node:fs/promises'
import { opinionSecret } from '@answerable/core/opinions'
import type { Receipt, Verification } from '@answerable/core/receipt'
import { nodeSuite } from '../log/suite.ts'
import { buildDemoModels, CREDIT_FEATURES } from '../models/index.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt } from './holder.ts'
import type { Throwaway } from './scene.ts'

const POLICIES = ['attach', 'escalate', 'refuse'] as const
type Policy = (typeof POLICIES)[number]
const DECIDES = 'the loan officer'

/** What came of a decision. */
interface Decided {
  status: number
  dissent: string | null
  code: string | undefined
  approved: unknown
  receipt: Receipt
  linked: Receipt[]
  verification: Verification
}

export const dissentingModels: Drill = {
  name: 'dissenting-models',
  title: 'two models disagree on a decision',
  fault: 'Of two models that are asked for the same decision, one was altered: it declines everybody.',
  payer: 'Whoever has to decide; and the applicant waits, or gets no answer, as the route’s policy has it.',
  appeal:
    'The receipt names both answers and who decides. What the person then decides is not on record here yet.',
  notShown: [
    'Which of the two is wrong: a dissent does not say, and the digest says only which file is another.',
    'A mistake that both share, or that both were altered to make: they would agree, and nobody would notice.',
    'An answer that was asked of one model alone.',
  ],
  async run(scene) {
    const { findings } = scene
    const [honest, other] = await buildDemoModels(scene.path('models'))
    if (scene.inject) {
      await raiseThreshold(other!.file)
      findings.inject('in the file of credit-int8 the threshold was raised from 0.5 to 0.999')
    }
    const node = await scene.network('node', undefined, {
      localModels: [honest!, other!].map(({ name, version, file }) => ({ name, version, file })),
      opinions: POLICIES.map(onDissent => ({
        model: `decision-${onDissent}`,
        ask: [honest!.name, other!.name],
        agree: { output: 'approved' },
        onDissent,
        ...(onDissent === 'escalate' && { escalateTo: DECIDES }),
      })),
    })
    const decided = new Map<Policy, Decided>()
    for (const policy of POLICIES) decided.set(policy, await decide(node, policy))
    const { attach, escalate, refuse } = Object.fromEntries(decided) as Record<Policy, Decided>

    findings.notice(
      [...decided.values()].every(
        ({ verification }) => verification.opinions?.record?.asked[1]?.outcome === 'dissents',
      ),
      'the route that asked both',
      'approved differs: credit-f32 says yes, credit-int8 says no',
    )
    findings.notice(
      /^1 of 2 agree; "credit-int8" dissents\./.test(attach.verification.opinions?.sentence ?? ''),
      'whoever reads the receipt',
      attach.verification.opinions?.sentence ?? 'nothing',
    )
    findings.notice(
      digestOf(attach.linked[1], node) !== other!.sha256,
      'whoever knows the file that credit-int8 should be',
      'the dissenting answer’s own record names a file with another digest',
    )
    const out = (one: Decided) => one.status === 200 && one.approved === true
    findings.now(
      out(attach) && attach.dissent?.startsWith('attached; agree=1; dissent=1') === true,
      'attach: the first model’s answer went out with the dissent in its head and its record',
    )
    findings.now(
      out(escalate) &&
        escalate.dissent?.includes('escalated; agree=1; dissent=1; abstain=0; pending') === true,
      'escalate: the answer went out marked as pending a person’s decision',
    )
    findings.now(
      refuse.status === 422 && refuse.code === 'not-agreed',
      'refuse: no answer went out, and not-agreed was said, with a receipt',
    )
    findings.after(
      escalate.verification.opinions?.record?.decides === DECIDES,
      `the record names who decides: ${DECIDES}`,
    )
    findings.after(
      [...decided.values()].every(({ verification }) => isBorneOut(verification)),
      'each route’s record links to two more, which its holder opened; compared again, the answers bear it out',
    )
    findings.after(
      [...decided.values()].every(
        ({ verification: { claims } }) => claims.output.reason === 'not-recomputed',
      ),
      'no claim rose or fell by who agreed',
    )
  },
}

async function decide({ url, holder }: Throwaway, policy: Policy): Promise<Decided> {
  const inputs = CREDIT_FEATURES.map(one => ({
    name: one.name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [one.default],
  }))
  const response = await fetch(`${url}/v2/models/decision-${policy}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs }),
  })
  const body = (await response.json()) as { outputs?: { name: string; data: unknown[] }[]; code?: string }
  const link = response.headers.get('answerable-receipt-url')!
  const receipt = await fetchReceipt(link)
  const linked = await linkedOf(link, holder.checkUnwitnessed(receipt))
  return {
    status: response.status,
    dissent: response.headers.get('answerable-dissent'),
    code: body.code,
    approved: body.outputs?.find(({ name }) => name === 'approved')?.data[0],
    receipt,
    linked,
    verification: holder.checkUnwitnessed(receipt, { linked }),
  }
}

/** The holder of the route's receipt opens those that it links to. */
function linkedOf(link: string, { opinions }: Verification): Promise<Receipt[]> {
  const { origin, hash } = new URL(link)
  const secret = Buffer.from(hash.slice(1), 'base64url')
  return Promise.all(
    (opinions?.record?.asked ?? []).map(({ id }) => {
      const own = Buffer.from(opinionSecret(secret, id, nodeSuite)).toString('base64url')
      return fetchReceipt(`${origin}/receipts/${id}#${own}`)
    }),
  )
}

function isBorneOut({ opinions }: Verification): boolean {
  return opinions?.contradicted === false && opinions.links.every(({ state }) => state === 'shown')
}

function digestOf(receipt: Receipt | undefined, { holder }: Throwaway): unknown {
  const { model } = receipt === undefined ? {} : holder.checkUnwitnessed(receipt).disclosed
  return (model?.manifest as { sha256?: unknown } | undefined)?.sha256
}

/** The initialiser by its name, and what stands between that and its four bytes. */
const THRESHOLD = Buffer.from('\x42\x09threshold\x4a\x04', 'latin1')

async function raiseThreshold(file: string): Promise<void> {
  const bytes = await readFile(file)
  const at = bytes.indexOf(THRESHOLD)
  if (at === -1) throw new Error('this model has no threshold')
  bytes.writeFloatLE(0.999, at + THRESHOLD.length)
  await writeFile(file, bytes)
}
