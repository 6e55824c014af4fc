/** Opens the models that run in this process: those of the configuration, and the demo's. */
import { AnswerableError } from '@answerable/core'
import type { GatewayConfig } from '../gateway/config.ts'
import { ServedModel } from '../gateway/kserve.ts'
import { LlamaBackend } from '../gateway/llama-backend.ts'
import { LlamaModel, type ModelDescription, OnnxModel } from '../runtime/index.ts'
import { openDemoModels } from './demo.ts'
import { checkSignedFile, type SignedFiles } from './signed-files.ts'

export interface LocalModels {
  /** GGUF models, which answer under /v1. */
  backends: LlamaBackend[]
  /** ONNX models, which answer under /v2. */
  models: Map<string, ServedModel>
  /** Of all of them. */
  descriptions: ModelDescription[]
  /** Those that are signed, with their signature files. */
  signed: SignedFiles[]
  /** Files of the demo's models. */
  demoFiles: string[]
}

export interface LocalModelsOptions {
  /** Where the demo's models are made, where they are to be served. */
  demo?: string
  clock?: () => number
  report?: (error: unknown) => void
}

/** Throws `bad-config`, and what opening a model throws. What was opened before is closed again. */
export async function openLocalModels(
  { localModels, limits }: Pick<GatewayConfig, 'localModels' | 'limits'>,
  { demo, clock = Date.now, report }: LocalModelsOptions = {},
): Promise<LocalModels> {
  const backends: LlamaBackend[] = []
  const demos = demo === undefined ? undefined : await openDemoModels(demo)
  const models = new Map(demos?.models)
  const signedFiles: SignedFiles[] = []
  try {
    for (const { name, version, file, sha256, contextSize, signature, share } of localModels) {
      if (models.has(name))
        throw new AnswerableError('bad-config', `localModels: ${name} is the name of a model of the demo`)
      const found =
        signature &&
        (await checkSignedFile(file, signature, clock(), { name, version, share: share === true }))
      const signed = found?.signed
      if (found !== undefined) signedFiles.push(found)
      if (/\.onnx$/i.test(file)) {
        const served = new ServedModel(await OnnxModel.open(file, { name, version }), signed)
        const { manifest } = served.description
        found?.expect(manifest)
        if (sha256 !== undefined && sha256 !== manifest)
          throw new AnswerableError(
            'bad-config',
            `${file} has the digest ${manifest}, and the configuration names ${sha256}`,
          )
        models.set(name, served)
      } else {
        const options = { name, version, ...(sha256 && { sha256 }), ...(contextSize && { contextSize }) }
        const model = await LlamaModel.open(file, options)
        backends.push(
          new LlamaBackend(model, {
            queue: limits.localQueue,
            clock,
            ...(report && { report }),
            ...(signed && { signed }),
          }),
        )
        found?.expect(model.describe().manifest)
      }
    }
  } catch (error) {
    for (const backend of backends) await backend.close()
    throw error
  }
  const descriptions = [...models.values(), ...backends].map(({ description }) => description)
  return { backends, models, descriptions, signed: signedFiles, demoFiles: demos?.files ?? [] }
}
