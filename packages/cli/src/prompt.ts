/** Asking the user, where there is one. */
import { createInterface } from 'node:readline/promises'

export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** True for y or yes; anything else, and the end of input, is no. */
export async function ask(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C means the program, not no.
  prompt.once('SIGINT', () => {
    prompt.close()
    process.kill(process.pid, 'SIGINT')
  })
  try {
    const ended = new Promise<string>(resolve => prompt.once('close', () => resolve('')))
    const answer = await Promise.race([prompt.question(`${question} [y/N] `), ended])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
