/** The process dies in the middle of a commit, again and again. */
import { type Policy, parsePolicy, parseTlogProof } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { AuditedLog } from './auditor.ts'
import { type Answer, ask } from './caller.ts'
import type { ChildGateway } from './child-gateway.ts'
import type { Drill } from './drill.ts'
import type { Findings } from './findings.ts'
import { MOMENTS, type Moment } from './held-disk.ts'
import { fetchReceipt, Holder, movedTo } from './holder.ts'
import type { Scene } from './scene.ts'

const CALLERS = 8
/** Acknowledged before each kill. */
const LEAST_ANSWERS = 40
const DISCLOSURES = 5

const WORDS: Record<Moment, string> = {
  'half-a-batch': 'half of a batch was on disk',
  'batch-without-keys': 'a batch was on disk and its keys were not',
  'keys-without-batch': 'keys were on disk and their batch was not',
}

export const killInCommit: Drill = {
  name: 'kill-in-commit',
  title: 'the process is killed in the middle of a commit',
  fault: 'A gateway under load gets SIGKILL, with a commit half written.',
  payer: 'Callers whose answers had not come ask again. Whoever has an answer has its record.',
  appeal:
    'A caller with a receipt that the log does not hold has the log’s signature against it: two checkpoints that do not fit.',
  notShown: [
    'What a power cut does to a disk that says that writes are durable when they are not.',
    'Whether a call that broke off has a record: it may, and its caller cannot know.',
  ],
  async run(scene) {
    const { findings } = scene
    const acknowledged: Answer[] = []
    const notes = new Set<string>()
    let broken = 0
    let child = await scene.child('node')
    const policy = await offered(child.url)
    const rounds: (Moment | undefined)[] = scene.inject ? [undefined, ...MOMENTS] : [undefined]
    for (const moment of rounds) {
      const load = new Load(child.url)
      await scene.comes(() => load.answers.length >= LEAST_ANSWERS)
      await collectNotes(child.url, load.answers.slice(-2), notes)
      if (scene.inject) child = await killAndRestart(scene, child, moment)
      else load.stop()
      await load.done
      const afterMs = load.brokeAt === undefined ? 0 : load.brokeAt - load.since
      acknowledged.push(...load.answers)
      broken += load.broken
      void afterMs
    }
    void findings
    void policy
    void broken
  },
}
