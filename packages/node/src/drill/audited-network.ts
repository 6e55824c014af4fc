/**
 * A throwaway network that audits: four validators, of which bo operates models and answers, and audrey, an auditor of an
 * owner of her own. Every record is drawn, and all have the models' files.
 */
import { AnswerableError } from '@answerable/core'
import type { Rerun } from '@answerable/core/audit'
import { networkFromRegistry, type Receipt, type Verification, Verifier } from '@answerable/core/receipt'
import type { Dispute, Finding } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { buildDemoModels, CREDIT_FEATURES, type DemoModel } from '../models/index.ts'
import { NODE_NAME } from '../network/index.ts'
import { fetchReceipt } from './holder.ts'
import { Member, type MemberOptions } from './member.ts'
import { foundTogether } from './owner.ts'
import type { Scene } from './scene.ts'

/** As short as a busy machine can keep. A record's seed comes two epochs after it is anchored, and so does a panel's. */
const TERMS = {
  tickSeconds: 1,
  epochSeconds: 1,
  maximumGapSeconds: 10,
  handInSeconds: 60,
  waitingSeconds: 0,
  challengeSeconds: 30,
  digestEvery: 16,
  maximumDelaySeconds: 60,
}
/** What takes a few epochs comes later than other things. Milliseconds. */
const PATIENCE = 60_000
/** No record, dispute or challenge takes longer to be settled than this. */
const HONEST_PATIENCE = 30_000

export type AuditedName = 'ada' | 'bo' | 'cy' | 'dee' | 'audrey'

export interface AuditedOptions {
  /** Of each, besides what all have. */
  members?: Partial<Record<AuditedName, MemberOptions>>
  /** GGUF files that all have, besides the two credit models. */
  files?: readonly string[]
  terms?: { moveSeconds?: number; challengeSeconds?: number }
}

export interface Answered {
  status: number
  /** With the holder secret in its fragment. */
  link: string
  body: string
}

export class AuditedNetwork {
  readonly #scene: Scene
  readonly members: Readonly<Record<AuditedName, Member>>
  readonly models: readonly DemoModel[]
  readonly network: string

  private constructor(
    scene: Scene,
    members: Record<AuditedName, Member>,
    models: DemoModel[],
    network: string,
  ) {
    this.#scene = scene
    this.members = members
    this.models = models
    this.network = network
  }

  static async found(scene: Scene, options: AuditedOptions = {}): Promise<AuditedNetwork> {
    const models = await buildDemoModels(scene.path('models'))
    const { challengeSeconds = TERMS.challengeSeconds, moveSeconds = 20 } = options.terms ?? {}
    const files = [...models.map(({ file }) => file), ...(options.files ?? [])]
    const member = (id: AuditedName, more: MemberOptions = {}) =>
      new Member(id, scene.path(id), {
        ...options.members?.[id],
        ...more,
        set: {
          publishMilliseconds: 100,
          audits: { models: files },
          ...more.set,
          ...options.members?.[id]?.set,
        },
      })
    const localModels = models.map(({ name, version, file }) => ({ name, version, file }))
    const members = {
      ada: member('ada'),
      bo: member('bo', { set: { localModels } }),
      cy: member('cy'),
      dee: member('dee'),
      audrey: member('audrey', { roles: ['auditor'] }),
    }
    const all = Object.values(members)
    scene.onClose(() => Promise.all(all.map(one => one.stop())))
    const audit = { samples: { default: 1, uses: {} }, moveSeconds }
    const network = await foundTogether(all, { ...TERMS, challengeSeconds, audit })
    const made = new AuditedNetwork(scene, members, models, network)
    // From here on records name a registry that knows bo's node.
    const stated = () =>
      members.ada.state.nodes.get(`bo/${NODE_NAME}`)?.stated.index ?? Number.POSITIVE_INFINITY
    const isKnown = () => all.every(({ state, official }) => state.logs.has(made.log) && official > stated())
    if (!(await scene.comes(isKnown)))
      throw new AnswerableError('internal', 'the throwaway network did not get under way')
    // Twice: the first may have begun before that was known.
    for (let i = 0; i < 2; i++) await members.bo.registry.settle()
    return made
  }

  /** The origin of bo's log. */
  get log(): string {
    return this.members.bo.network!.gateway.options.signer.key.name
  }

  /** Those whose copies are compared: all of them. */
  get all(): Member[] {
    return Object.values(this.members)
  }

  /** Asks bo for a decision, with the form's own values. */
  async decide(model: string = this.models[0]!.name): Promise<Answered> {
    const inputs = CREDIT_FEATURES.map(({ name, default: value }) => ({
      name,
      datatype: 'FP32',
      shape: [1, 1],
      data: [value],
    }))
    return this.post(`/v2/models/${model}/infer`, { inputs })
  }

  /** Asks bo for something else. */
  async post(path: string, body: unknown): Promise<Answered> {
    const response = await fetch(this.members.bo.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return {
      status: response.status,
      link: response.headers.get('answerable-receipt-url') ?? '',
      body: await response.text(),
    }
  }

  findings(by: AuditedName = 'audrey'): Finding[] {
    return [...this.members.ada.state.findings.values()].filter(({ auditor }) => auditor === by)
  }

  /** The first finding of an auditor, once ada has it. Undefined where none comes. */
  async finding(by: AuditedName = 'audrey'): Promise<Finding | undefined> {
    await this.comes(() => this.findings(by).length > 0)
    return this.findings(by)[0]
  }

  get disputes(): Dispute[] {
    return [...this.members.ada.state.disputes.values()]
  }

  /** The first dispute, once it is over one way or the other. */
  async ended(): Promise<Dispute | undefined> {
    const isOver = ({ status }: Dispute) => status === 'decided' || status === 'undecided'
    await this.comes(() => this.disputes.some(isOver))
    return this.disputes.find(isOver)
  }

  /** Whether all came to the same verdict, each by its own copy. */
  agreed({ digest, wrong }: Dispute): Promise<boolean> {
    return this.comes(() => this.all.every(({ state }) => state.disputes.get(digest)?.wrong === wrong))
  }

  /** What an auditor has of a finding: the report that its statement names by digest. */
  report(finding: Finding, by: AuditedName = 'audrey'): Rerun | undefined {
    const { queue } = this.members[by].network!.auditing.auditor
    const item = queue.newest(64).find(({ found }) => found?.digest === finding.report)
    return item && (JSON.parse(item.found!.report) as Rerun)
  }

  /** As somebody checks a record who replayed the registry: ada's copy is as good as any. */
  async verify(link: string): Promise<Verification> {
    const network = networkFromRegistry('drill', this.members.ada.state, nodeSuite)
    return new Verifier(nodeSuite, { networks: [network] }).verify(await this.receipt(link))
  }

  receipt(link: string): Promise<Receipt> {
    return fetchReceipt(link)
  }

  /** Waits for what takes epochs to come. */
  comes(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    return this.#scene.comes(holds, this.#scene.inject ? PATIENCE : HONEST_PATIENCE)
  }
}

/** Where a dispute ended, for people. */
export function endWords({ game, votes }: Dispute): string {
  const by = votes.map(({ member }) => member).join(' and ')
  if (game === null) return `${by} ran it again themselves`
  const { end, rounds } = game
  if (end?.kind !== 'tile') return end?.kind ?? 'open'
  return `after ${rounds} rounds one tile of value ${end.value} of ${game.commitments.challenger.count} was left; ${by} computed it anew`
}
