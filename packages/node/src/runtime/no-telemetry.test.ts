import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'

/** Opens and runs a model in a process that has a home of its own, and is in no CI, which would silence it anyway. */
function run(home: string, more: NodeJS.ProcessEnv): string[] {
  const script = `
    const { buildDemoModels } = await import('${new URL('../models/index.ts', import.meta.url)}')
    const { OnnxModel } = await import('${new URL('./onnx.ts', import.meta.url)}')
    const [{ file, name, version }] = await buildDemoModels('${home}/models')
    const model = await OnnxModel.open(file, { name, version })
    await model.close()
  `
  const env = { PATH: process.env.PATH, HOME: home, ...more }
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, timeout: 60_000 })
  return readdirSync(home, { recursive: true })
    .map(String)
    .filter(name => !name.startsWith('models'))
}

test('a model runs without a report to the makers of its runtime: nothing of one is kept', t => {
  assert.deepEqual(run(temporaryFolder(t), {}), [])
})
