/** Members of one network for tests, each in a data folder and a process part of its own, on loopback. */
import type { TestContext } from 'node:test'
import { Member, type MemberOptions } from '../src/drill/member.ts'

import { temporaryFolder } from './network.ts'

export const FAST_TERMS = {
  tickSeconds: 1,
  epochSeconds: 3,
  maximumGapSeconds: 10,
  handInSeconds: 4,
  waitingSeconds: 0,
  digestEvery: 16,
}

/** A member that is stopped when the test is over. */
export class TestMember extends Member {
  constructor(t: TestContext, id: string, options: MemberOptions = {}, folder?: string) {
    super(id, folder ?? temporaryFolder(t), options)
    t.after(() => this.stop())
  }

  override found(terms: Record<string, unknown> = FAST_TERMS): Promise<void> {
    return super.found(terms)
  }
}

/** Until something holds, or the time is over. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms = 40_000,
): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** A network of these owners, all admitted, the first its host. */
export async function admitted(
  t: TestContext,
  ids: readonly string[],
  terms: Record<string, unknown> = {},
): Promise<TestMember[]> {
  const [first, ...others] = ids.map(id => new TestMember(t, id))
  await first!.found({ ...FAST_TERMS, ...terms })
  for (const [i, one] of others.entries()) {
    const application = await one.join(first!)
    for (const member of [first!, ...others.slice(0, i)])
      await member.approve(application).catch(() => undefined)
    await until(() => one.state.members.get(one.id)?.status === 'active', `${one.id} is admitted`)
  }
  const all = [first!, ...others]
  await until(() => all.every(one => one.state.logs.size === ids.length), 'all logs are registered')
  return all
}
