/** Running a local network in this process, for `start` and `gateway`. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type GatewayConfig, loadConfig } from '@answerable/node/gateway'
import { CREDIT_FEATURES } from '@answerable/node/models'
import { type LocalNetwork, pageApp, startLocal } from '@answerable/node/network'
import { portOption, required } from './command.ts'
import { openDataFolder } from './data-folder.ts'
import { dataFolder, writePrivately } from './home.ts'
import { note, style } from './output/style.ts'
import { wrap } from './output/text.ts'
import { time } from './output/time.ts'
import { onStop, stopped } from './stop.ts'

export interface NetworkArguments {
  port?: string | undefined
  data?: string | undefined
  config?: string | undefined
}

/** Starts, shows it, and runs until the process is told to end. */
export async function runNetwork(
  { port, data, config }: NetworkArguments,
  show: (network: LocalNetwork) => void,
  adjust: (config: GatewayConfig) => Promise<GatewayConfig> = async given => given,
): Promise<number> {
  const overrides = port === undefined ? {} : { port: portOption(port) }
  const folder = data ?? dataFolder()
  const adjusted = await adjust(loadConfig(config ?? ownConfig(folder), process.env, overrides))
  const signal = onStop()
  const network = await startLocal({
    folder,
    config: adjusted,
    ...page(),
    report,
  })
  try {
    show(network)
    await stopped(signal)
  } finally {
    await network.close()
  }
  return 0
}

/** The configuration that `network create` and `network join` leave in a data folder. */
function ownConfig(folder: string): string | undefined {
  const path = join(folder, 'config.json')
  return existsSync(path) ? path : undefined
}

/** A network of a folder that nobody runs, for as long as `work` takes. Its witnesses are asked as at every start. */
export async function withNetwork<T>(
  { data, config }: Omit<NetworkArguments, 'port'>,
  work: (network: LocalNetwork, config: GatewayConfig) => Promise<T>,
): Promise<T> {
  const { root } = openDataFolder(required(data, '--data'))
  const loaded = loadConfig(config, process.env, { host: '127.0.0.1', port: 0 })
  const network = await startLocal({ folder: root, config: loaded, report })
  try {
    return await work(network, loaded)
  } finally {
    await network.close()
  }
}

/** The page, where it was built; everything else works without it. */
function page(): { page?: ReturnType<typeof pageApp> } {
  try {
    const manifest = fileURLToPath(import.meta.resolve('@answerable/web/package.json'))
    return { page: pageApp(join(dirname(manifest), 'dist')) }
  } catch (error) {
    report('the page is not there', error)
    return {}
  }
}

export function report(event: string, error?: unknown): void {
  const cause = error instanceof Error ? `: ${error.message}` : ''
  note(...wrap(`${time(Date.now())}  ${event}${cause}`).map(line => style('yellow', line, process.stderr)))
  if (process.env.ANSWERABLE_DEBUG === '1' && error instanceof Error) note(error.stack ?? '')
}

/** A request for a decision about an ordinary applicant, as a file that a command can send. */
export function writeDemoRequest(folder: string): string {
  const path = join(folder, 'demo-request.json')
  const inputs = CREDIT_FEATURES.map(feature => ({
    name: feature.name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [feature.default],
  }))
  writePrivately(path, `${JSON.stringify({ inputs }, null, 2)}\n`)
  return path
}
