/** Portkey's gateway, as its own npm package starts it. Installed into `bench/peers` when it is first needed. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const PEERS = join(import.meta.dirname, '..', 'peers')

export async function startPortkey(
  say: (line: string) => void,
): Promise<{ port: number; stop(): Promise<void> } | undefined> {
  const main = join(PEERS, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (!existsSync(main)) {
    say("installing Portkey's gateway, to measure beside it")
    spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
      cwd: PEERS,
      stdio: 'inherit',
    })
  }
  if (!existsSync(main)) {
    say("Portkey's gateway could not be installed; its rows are left out")
    return undefined
  }
  const port = await freePort()
  const child = spawn(process.execPath, [main, `--port=${port}`, '--headless'], {
    stdio: 'ignore',
    cwd: PEERS,
    env: { ...process.env, PORT: String(port) },
  })
  const stop = async () => {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  for (let i = 0; i < 100; i++) {
    await new Promise(resolve => setTimeout(resolve, 100))
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (up) return { port, stop }
  }
  await stop()
  say("Portkey's gateway did not start; its rows are left out")
  return undefined
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
