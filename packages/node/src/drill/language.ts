/** A language model for a drill: a made-up one that runs in seconds, in an operator that may depart from what it records. */
import { writeFile } from 'node:fs/promises'
import type { Dispute, Finding } from '@answerable/core/registry'
import type { Backend, BackendCall } from '../gateway/backend.ts'
import { LlamaBackend } from '../gateway/llama-backend.ts'
import { babbleGguf, quantisedGguf } from '../models/index.ts'
import { findLlama, LlamaModel } from '../runtime/index.ts'
import { type Answered, AuditedNetwork } from './audited-network.ts'
import type { Scene } from './scene.ts'

/** How the operator departs from its record. */
export interface Departure {
  /** The model that answers has its matrices in four bits. */
  coarser?: boolean
  /** What it makes of a call before it is answered. */
  call?: (call: BackendCall) => BackendCall
}

export const LANGUAGE = 'babble'
const ASKED = { model: LANGUAGE, prompt: 'Dear reader', max_tokens: 60 }

/** Why a drill with a language model cannot run here. */
export function needsLlama(): string | undefined {
  return findLlama() === undefined ? 'the runtime for GGUF models is not installed: npm run llama' : undefined
}

/** A network whose operator bo answers with the model. */
export async function foundWithLanguage(scene: Scene, departure: Departure): Promise<AuditedNetwork> {
  const file = await written(scene, 'babble.gguf', babbleGguf())
  return AuditedNetwork.found(scene, {
    files: [file],
    members: { bo: { backends: [await openBackend(scene, file, departure)] } },
  })
}

/** Asks bo to go on with a text; by its own default a seed is drawn from the record, at temperature 1. */
export function complete(net: AuditedNetwork, more: Record<string, unknown> = {}): Promise<Answered> {
  return net.post('/v1/completions', { ...ASKED, ...more })
}

async function openBackend(scene: Scene, file: string, { coarser, call }: Departure): Promise<Backend> {
  const honest = await LlamaModel.open(file, { name: LANGUAGE, version: '1' })
  let model = honest
  if (coarser === true) {
    const coarse = await written(scene, 'coarse.gguf', quantisedGguf(babbleGguf(), 'Q4_0').bytes)
    model = await LlamaModel.open(coarse, { name: LANGUAGE, version: '1' })
    scene.onClose(() => honest.close())
  }
  const backend = new LlamaBackend(
    {
      describe: () => honest.describe(),
      textPrompt: text => model.textPrompt(text),
      chatPrompt: turns => model.chatPrompt(turns),
      generate: (generation, signal) => model.generate(generation, signal),
      close: () => model.close(),
    },
    { queue: 4 },
  )
  if (call === undefined) return backend
  return {
    name: backend.name,
    models: backend.models,
    paths: backend.paths,
    derivesSeed: backend.derivesSeed,
    describe: () => backend.describe(),
    send: (asked, sink) => backend.send(call(asked), sink),
    close: () => backend.close(),
  }
}

async function written(scene: Scene, name: string, bytes: Uint8Array): Promise<string> {
  const path = scene.path(name)
  await writeFile(path, bytes)
  return path
}

/** What every drill of this kind looks at: what the auditor found, who was asked, and what a reader sees in the end. */
export async function convict(
  scene: Scene,
  net: AuditedNetwork,
  { link }: Answered,
  expected: RegExp,
): Promise<void> {
  const { findings } = scene
  await net.comes(() => net.findings().some(({ outcome }) => outcome !== 'not-rerun'))
  const finding = net.findings().find(({ outcome }) => outcome !== 'not-rerun')
  const words = wordsOf(net, finding)
  findings.notice(
    finding?.outcome === 'inconsistent' && expected.test(words),
    'audrey, who followed the recorded text through the recorded model',
    words,
  )
  if (finding?.outcome !== 'inconsistent') return
  await net.comes(() => net.disputes.length > 0)
  const [dispute] = net.disputes
  findings.now(
    dispute?.game === null && dispute.status !== 'moves',
    `she brought a dispute, which names the first token that the model did not give: number ${dispute?.token}. There is nothing to bisect: validators are drawn to run the record themselves`,
  )
  const ended = await net.ended()
  findings.after(
    ended?.wrong === 'defender' && ended.votes.every(({ how }) => how === 'replay'),
    `${votersOf(ended)} were drawn, opened the record, ran it again and came to the same: decided against bo`,
  )
  const { claims } = await net.verify(link)
  findings.after(
    claims.output.reason === 'recomputed-otherwise' && claims.model.reason === 'recomputed-otherwise',
    'to a reader output and model fail: which of model, sampling and seed was another, the record does not tell',
  )
}

function wordsOf(net: AuditedNetwork, finding: Finding | undefined): string {
  return (finding && net.report(finding)?.words.join(' ')) ?? 'nothing'
}

function votersOf(dispute: Dispute | undefined): string {
  return dispute?.votes.map(({ member }) => member).join(', ') ?? 'nobody'
}
