/** What only the demo needs: its two models, a route that asks both, and the list of their inputs for a form. */
import { Hono } from 'hono'
import { ServedModel, type ServedModels } from '../gateway/kserve.ts'
import { OpinionRoute, type OpinionRouteConfig } from '../gateway/opinions/config.ts'
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

/** Asks both models; where they differ, somebody has to decide. */
const DEMO_ROUTE = OpinionRoute.parse({
  model: 'credit-second-look',
  ask: ['credit-f32', 'credit-int8'],
  agree: { output: 'approved' },
  onDissent: 'escalate',
  escalateTo: 'the loan officer on duty (nobody, in this demonstration)',
})

export function withDemoRoute(routes: readonly OpinionRouteConfig[]): OpinionRouteConfig[] {
  return routes.some(({ model }) => model === DEMO_ROUTE.model) ? [...routes] : [...routes, DEMO_ROUTE]
}

export function demoApp(): Hono {
  const app = new Hono()
  app.get('/credit-schema', c => c.json(CREDIT_FEATURES))
  return app
}
