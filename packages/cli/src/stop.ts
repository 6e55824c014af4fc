/** Ending a process that runs until it is told to. */

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once, as if nobody had listened. */
export function onStop(): AbortSignal {
  const abort = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  const stop = () => {
    for (const name of names) process.off(name, stop)
    abort.abort()
  }
  for (const name of names) process.on(name, stop)
  return abort.signal
}

/** Resolves when the process is told to end. */
export function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
