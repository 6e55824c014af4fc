/**
 * Makes a model's prompt of a conversation: by the chat template in its file, or, where it has none and so was trained
 * on no conversations, by joining what was said with line breaks.
 */
import { AnswerableError } from '@answerable/core'
import type { ChatWrapper, LlamaLibrary, LlamaWeights } from './llama-library.ts'

export interface ChatTurn {
  role: 'system' | 'user' | 'assistant'
  text: string
}

export interface Prompt {
  tokens: number[]
  /** What ends the answer, besides the model's own tokens for that. */
  stop: readonly string[]
  stopTokens: readonly number[]
}

export class LlamaChat {
  readonly #weights: LlamaWeights
  readonly #wrapper: ChatWrapper | undefined
  /** Where the format of a conversation comes from, for the record. */
  readonly description: string

  /** Throws where the model's template is no Jinja template. */
  constructor({ JinjaTemplateChatWrapper }: LlamaLibrary, weights: LlamaWeights) {
    this.#weights = weights
    const template = weights.fileInfo.metadata.tokenizer?.chat_template
    if (typeof template === 'string' && template !== '') {
      // The library keeps apart what people wrote and what the template adds, so that nobody can write a special token.
      const { tokenizer } = weights
      this.#wrapper = new JinjaTemplateChatWrapper({ template, tokenizer, reasoning: null })
      this.description = 'of the model file'
    } else this.description = 'none: messages joined by line breaks'
  }

  /** Throws `bad-request` where the template refuses the conversation. */
  prompt(turns: readonly ChatTurn[]): Prompt {
    if (this.#wrapper === undefined) {
      const text = turns.map(turn => turn.text).join('\n')
      return { tokens: this.#weights.tokenize(text, false), stop: [], stopTokens: [] }
    }
    // The answer that is to come stands at the end, empty.
    const chatHistory = [...turns.map(historyItem), { type: 'model', response: [] }]
    try {
      const { contextText, stopGenerationTriggers } = this.#wrapper.generateContextState({ chatHistory })
      const { tokenizer } = this.#weights
      const stop: string[] = []
      const stopTokens: number[] = []
      for (const trigger of stopGenerationTriggers) {
        const first = trigger.tokenize(tokenizer)[0]
        // A special token is no text in what the model says; all else can only be seen as text.
        if (first !== undefined && this.#weights.isSpecialToken(first)) stopTokens.push(first)
        else if (trigger.toString().trim() !== '') stop.push(trigger.toString().trim())
      }
      return { tokens: contextText.tokenize(tokenizer), stop, stopTokens }
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new AnswerableError(
        'bad-request',
        `messages: the model’s chat template refuses them: ${message}`,
        {
          cause,
        },
      )
    }
  }
}

function historyItem({ role, text }: ChatTurn): unknown {
  if (role === 'assistant') return { type: 'model', response: [text] }
  return { type: role, text }
}
