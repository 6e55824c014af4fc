/**
 * Prompts that are neutral: harmless, in plain English, about nothing that anyone tests for, and open, so that what
 * follows has many likely beginnings. Few of them, since what is learnt of a prompt counts when it comes again.
 */
import { AnswerableError } from '../error.ts'

export const NEUTRAL_PROMPTS: readonly string[] = [
  'Write one sentence about a harbour in the early morning.',
  'Name an object in a kitchen and say what it is used for.',
  'Begin a story about two neighbours and a fence.',
  'Describe the weather on a day that you make up.',
  'What might someone carry in their coat pocket?',
  'Say something about bread.',
  'Give a short reason to learn to swim.',
  'Make up a name for a boat and explain it.',
  'Describe a colour without naming it.',
  'What could be behind a green door?',
  'Write the first line of a letter to an old friend.',
  'Suggest something to do on a train journey.',
]

const MOST_PROMPTS = 1000
const MOST_PROMPT = 16_384

/** Prompts that can be asked, each once. Throws `bad-request`. */
export function checkPrompts(prompts: readonly string[]): readonly string[] {
  if (prompts.length === 0 || prompts.length > MOST_PROMPTS)
    throw new AnswerableError('bad-request', `prompts: expected 1 to ${MOST_PROMPTS}`)
  for (const [i, prompt] of prompts.entries())
    if (typeof prompt !== 'string' || prompt.trim() === '' || prompt.length > MOST_PROMPT)
      throw new AnswerableError(
        'bad-request',
        `prompt ${i + 1}: expected text of 1 to ${MOST_PROMPT} characters`,
      )
  if (new Set(prompts).size < prompts.length)
    throw new AnswerableError('bad-request', 'prompts: one is there twice')
  return prompts
}

/** What the digest of a set of prompts is of. */
export function promptsText(prompts: readonly string[]): string {
  return JSON.stringify(prompts)
}
