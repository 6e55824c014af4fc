/** Two honest runtimes that differ in the last bits. */

import { ServedModel } from '../gateway/kserve.ts'
import { buildDemoModels, CREDIT_FEATURES, generateApplicants } from '../models/index.ts'
import { openCanonical } from '../replay/canonical-model.ts'
import { OnnxModel } from '../runtime/index.ts'
import { AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import type { Scene } from './scene.ts'

const APPLICANTS = generateApplicants(200, 7)

export const honestRuntimes: Drill = {
  name: 'honest-runtimes',
  title: 'two honest runtimes differ',
  fault:
    'No fault: an operator runs one file with WebAssembly, and with two threads and a rewritten graph; the auditor’s runtime is another.',
  payer: 'Nobody: neither is wrong.',
  appeal: 'None is needed.',
  notShown: [
    'A second type of processor: all of this runs on one.',
    'That the operator’s word about its runtime is true; it gave it before anybody asked.',
    'A change of the model that is as small as what honest runtimes differ by.',
  ],
  needs: needsCanonical,
  async run(scene) {
    const { findings } = scene
    const others = scene.inject ? await openOthers(scene) : []
    const served = others.map(model => [model.description.name, model] as const)
    const net = await AuditedNetwork.found(scene, {
      members: { bo: { serve: models => new Map([...models, ...served]) } },
    })
    const names = [net.models[0]!.name, ...served.map(([name]) => name)]
    const links = new Map<string, string>()
    for (const name of names) links.set(name, (await net.post(`/v2/models/${name}/infer`, BODY)).link)
    if (scene.inject)
      findings.inject(
        `bo answered from one file with three runtimes: ${names.join(', ')}; 200 applicants each`,
      )
    await net.comes(() => net.findings().length >= names.length)
    const reports = net.findings().map(finding => net.report(finding))
    const differing = reports.find(report => report?.setting?.same === false)
    const words = (differing ?? reports[0])?.words ?? []
    findings.notice(
      differing !== undefined &&
        words[0]!.startsWith('Run again in another setting: runtime: onnxruntime-web'),
      'audrey, who says it before anything else',
      words[0] ?? 'nothing',
    )
    if (differing === undefined) return
    findings.now(differing.outcome === 'consistent', `consistent: ${words.slice(1).join(' ')}`)
    findings.now(
      reports.every(report => report?.outcome === 'consistent' || report?.outcome === 'exact'),
      `in all: ${net
        .findings()
        .map(({ outcome }) => outcome)
        .join(', ')}; threads and level that are on record are set again, and come out the same`,
    )
    findings.after(net.disputes.length === 0, 'nobody disputes anything')
    const output = async (name: string) => (await net.verify(links.get(name)!)).claims.output
    const [native, wasm] = [await output(names[0]!), await output('credit-wasm')]
    findings.after(
      native.reason === 'recomputed-exact' && wasm.reason === 'recomputed-consistent',
      `a reader is told how close: ${wasm.sentence}`,
    )
  },
}

const BODY = {
  inputs: CREDIT_FEATURES.map(({ name }) => ({
    name,
    datatype: 'FP32',
    shape: [APPLICANTS.length, 1],
    data: APPLICANTS.map(({ applicant }) => applicant[name]!),
  })),
}

/** The first demo model's file in the canonical runtime, and in another setting of the native one. */
async function openOthers(scene: Scene): Promise<ServedModel[]> {
  const [model] = await buildDemoModels(scene.path('models'))
  const { file, version } = model!
  const threads = await OnnxModel.open(file, {
    name: 'credit-threads',
    version,
    optimisation: 'all',
    threads: 2,
  })
  const wasm = await openCanonical(file, { ...threads.describe(), name: 'credit-wasm' })
  scene.onClose(() => Promise.all([threads.close(), wasm.close()]))
  // The same shape from another runtime.
  return [new ServedModel(wasm as OnnxModel), new ServedModel(threads)]
}
