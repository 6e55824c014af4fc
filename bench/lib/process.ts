/** Starting the parts of a measurement as processes of their own, and ending them. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PARTS = join(import.meta.dirname, '..', 'parts')
const running = new Set<ChildProcess>()

export interface Part {
  port: number
  child: ChildProcess
  /** CPU time used so far, user and system, in microseconds. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

function spawn(name: string, args: (string | number)[], env: Record<string, string> = {}): ChildProcess {
  const child = fork(join(PARTS, `${name}.ts`), args.map(String), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Starts a server part, and waits for the port that it prints. */
export async function startPart(name: string, ...args: (string | number)[]): Promise<Part> {
  const child = spawn(name, args)
  const port = await firstLine(child)
  return {
    port: Number(port),
    child,
    cpu: () =>
      new Promise(resolve => {
        child.once('message', usage => {
          const { user, system } = usage as { user: number; system: number }
          resolve(user + system)
        })
        child.send('cpu')
      }),
    stop: () => stop(child),
  }
}

/** Runs a part to its end and reads the JSON that it prints. `onBegin` is called when it starts to measure. */
export async function runPart<T>(
  name: string,
  args: (string | number)[],
  onBegin?: () => void,
  env: Record<string, string> = {},
): Promise<T> {
  const child = spawn(name, args, env)
  if (onBegin) child.once('message', onBegin)
  const line = await firstLine(child)
  await stop(child)
  return JSON.parse(line) as T
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve)
    child.once('exit', code => reject(new Error(`a part of the measurement ended with ${code}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
