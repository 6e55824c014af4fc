/** An owner whose part runs in a process of its own, which can be killed at any moment. What it knows, it says over HTTP. */
import type { Outcome } from '@answerable/core/registry'
import { Child } from './child-process.ts'
import type { AuditLie, MemberOrder, MemberSetting, MemberWord } from './member-process.ts'
import { Owner, type OwnerOptions } from './owner.ts'

/** As `GET /registry/state` has it, as far as it is of use here. */
export interface Summary {
  size: number
  /** Entries that a quorum has seen. */
  official: number
  time: number
  host: { member: string; origin: string; from: number } | null
  due: { size: number; digest: string } | null
}

const INTERVAL_MS = 200
const ORDER_MS = 10_000

export interface ChildMemberOptions extends OwnerOptions {
  /** Fields of its gateway's configuration. */
  set?: Record<string, unknown>
}

export class ChildMember extends Owner {
  readonly #set: Record<string, unknown>
  #child: Child<MemberWord, MemberOrder> | undefined
  /** Also after it is started again. */
  #lie: AuditLie | null = null

  constructor(id: string, folder: string, { set = {}, ...options }: ChildMemberOptions = {}) {
    super(id, folder, options)
    this.#set = set
  }

  /** Where its line to the others is cut from the start, nobody hears of it but who asks it. */
  override async start(cut = false): Promise<void> {
    const { child, word } = await Child.start<MemberWord, MemberOrder>('member-process', [
      this.folder,
      this.id,
      String(this.port),
      String(INTERVAL_MS),
      cut ? 'http' : '',
      JSON.stringify({ set: this.#set, lie: this.#lie } satisfies MemberSetting),
    ])
    this.#child = child
    if ('port' in word) this.port = word.port
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get alive(): boolean {
    return this.#child?.alive ?? false
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#child?.kill()
    this.#child = undefined
  }

  /** Makes it lie, or see what others do not. */
  async order(order: MemberOrder): Promise<void> {
    if (order.lie !== undefined) this.#lie = order.lie
    const done = this.#child!.next(ORDER_MS)
    this.#child!.send(order)
    await done
  }

  /** Rejects where it does not answer. */
  async summary(): Promise<Summary> {
    return (await this.client.get('/registry/state')) as Summary
  }

  async records<T>(collection: string): Promise<Record<string, T>> {
    const { records } = (await this.client.get(`/registry/state/${collection}`)) as {
      records: Record<string, T>
    }
    return records
  }

  /** What came of a statement, in its copy. */
  async outcome(digest: string): Promise<Outcome | undefined> {
    return (await this.client.get(`/registry/statements/${digest}`).catch(() => undefined)) as
      | Outcome
      | undefined
  }

  async validator(): Promise<{ complaint: string | null; forks: unknown[]; host: string | null }> {
    return (await this.client.get('/validator/status')) as Awaited<ReturnType<ChildMember['validator']>>
  }
}
