/** What only the demo needs: its two models, and the list of their inputs for a form. */
import { Hono } from 'hono'
import { ServedModel, type ServedModels } from '../gateway/kserve.ts'
import { buildDemoModels, CREDIT_FEATURES } from '../models/index.ts'
import { OnnxModel } from '../runtime/index.ts'

export async function openDemoModels(folder: string): Promise<{ models: ServedModels; files: string[] }> {
  const models = new Map<string, ServedModel>()
  const files: string[] = []
  for (const { name, version, file } of await buildDemoModels(folder)) {
    models.set(name, new ServedModel(await OnnxModel.open(file, { name, version })))
    files.push(file)
  }
  return { models, files }
}

export function demoApp(): Hono {
  const app = new Hono()
  app.get('/credit-schema', c => c.json(CREDIT_FEATURES))
  return app
}
