/**
 * Runs recorded answers of a language model again. First just as the gateway did, with the recorded sampling and seed: the
 * same text is `exact`, at the cost of one inference. Only where both part is the recorded text followed token by token,
 * one a call, to see how far the model's scores would have to be off.
 */
import { AnswerableError, type JsonObject } from '@answerable/core'
import {
  compareTokens,
  type NotRerun,
  notRerun,
  type Rerun,
  type RerunRecord,
  rerunOf,
  sameSetting,
  type TokenMargin,
  type TokenStep,
  tokenMargin,
} from '@answerable/core/audit'
import { SEED_DERIVED } from '@answerable/core/statement'
import {
  CHAT_PATH,
  COMPLETION_PATH,
  needsSeed,
  promptOf,
  readLlamaRequest,
} from '../gateway/llama-request.ts'
import { parseFields, samplingOf } from '../gateway/openai-fields.ts'
import { type Generation, type GenerationEnd, LlamaModel, type RuntimeDescription } from '../runtime/index.ts'
import { knowsDraws } from './draws.ts'
import { type Followed, followText, type ReplayedModel } from './follow.ts'
import { REPLAY_LIMITS, type ReplayLimits } from './limits.ts'
import { isQuantised } from './quantised.ts'
import { askedName, llamaOptions, type RecordedModel, recordedDefaults } from './recorded-model.ts'
import { type RecordedText, readAnswer } from './recorded-text.ts'
import type { Replay } from './replay.ts'

export interface LlamaReplayOptions {
  limits?: ReplayLimits
  /** In place of the calibrated one. */
  margin?: TokenMargin
}

/** What was asked, and what came, out of a record. */
interface Case {
  generation: Generation
  answer: RecordedText
  /** How it ended; undefined where it was cut off. */
  finish: 'stop' | 'length' | undefined
  cut: boolean
  problem: string | undefined
  remarks: string[]
}

export class LlamaReplay implements Replay {
  readonly #model: ReplayedModel & Pick<LlamaModel, 'close'>
  readonly #recorded: RecordedModel
  readonly #quantised: boolean
  readonly #margin: TokenMargin | undefined
  #knowsDraws: boolean | undefined

  private constructor(
    model: LlamaModel,
    recorded: RecordedModel,
    quantised: boolean,
    margin: TokenMargin | undefined,
  ) {
    this.#model = model
    this.#recorded = recorded
    this.#quantised = quantised
    this.#margin = margin
  }

  /** Opens the model as it is on record, or says why it is not. Throws what `LlamaModel.open` throws. */
  static async open(
    file: string,
    recorded: RecordedModel,
    { limits = REPLAY_LIMITS, margin }: LlamaReplayOptions = {},
  ): Promise<LlamaReplay | NotRerun> {
    const options = llamaOptions(recorded, limits)
    if (options === 'beyond-limits') return options
    const { name, version, manifest } = recorded
    const model = await LlamaModel.open(file, { name, version, ...options })
    if (model.describe().manifest !== manifest) {
      await model.close()
      return 'model-changed'
    }
    return new LlamaReplay(model, recorded, isQuantised(file), margin)
  }

  /** On a model that is open already, in whatever setting: that it is the recorded file is the caller's word. */
  static on(
    model: LlamaModel,
    recorded: RecordedModel,
    { quantised, margin }: { quantised: boolean; margin?: TokenMargin },
  ): LlamaReplay {
    return new LlamaReplay(model, recorded, quantised, margin)
  }

  async rerun(record: RerunRecord, signal: AbortSignal): Promise<Rerun> {
    const { manifest } = this.#recorded
    const named = { entry: record.entry, model: manifest }
    const read = this.#read(record)
    if (typeof read === 'string') return notRerun(named, read)
    const { generation, remarks } = read
    const again = await this.#generate(read, signal)
    if (signal.aborted) return notRerun(named, 'aborted')
    // Of this record: another of the same model may be from another processor.
    const setting = sameSetting(record.model.runtime, this.#model.describe().runtime)
    const margin = this.#margin ?? tokenMargin({ quantised: this.#quantised, sameSetting: setting.same })
    // Another version may draw otherwise.
    const sameLibrary = isSameLibrary(record.model.runtime, this.#model.describe().runtime)
    const { steps, problem, knew, unclear } = await this.#compare(
      read,
      again,
      margin.noise,
      sameLibrary,
      signal,
    )
    if (signal.aborted) return notRerun(named, 'aborted')
    if (unclear === true && read.problem === undefined) return notRerun(named, 'unclear')
    const { outcome, closeness } = compareTokens(steps, margin, read.problem ?? problem)
    return rerunOf({
      ...named,
      setting,
      outcome,
      closeness,
      why: margin.why,
      remarks: [
        ...remarks,
        ...(generation.temperature > 0 && outcome === 'inconsistent' && steps.some(({ same }) => !same)
          ? [DRAWN_OTHERWISE]
          : []),
        ...(generation.temperature > 0 && knew === false ? [NO_DRAWS] : []),
      ],
    })
  }

  close(): Promise<void> {
    return this.#model.close()
  }

  #read(record: RerunRecord): Case | NotRerun {
    const { response, request, sampling, event } = record
    const cut = event === 'interrupted'
    if (response.status !== 200 || (!cut && response.outcome !== 'ok')) return 'no-answer'
    let fields: JsonObject
    let generation: Generation
    let promptTokens: number
    try {
      fields = parseFields(request.bytes) as JsonObject
      const path = request.path.split('?', 1)[0]!
      if (path !== CHAT_PATH && path !== COMPLETION_PATH) return 'bad-request'
      const asked = readLlamaRequest(path, fields, recordedDefaults(this.#recorded))
      const prompt = promptOf(this.#model, asked)
      promptTokens = prompt.tokens.length
      const seed = asked.temperature === 0 ? 0 : (asked.seed ?? record.seed)
      if (seed === undefined) return 'no-seed'
      generation = { ...asked, prompt, seed }
    } catch (error) {
      if (error instanceof AnswerableError) return 'bad-request'
      throw error
    }
    let answer: RecordedText
    try {
      answer = readAnswer(response.bytes, response.mediaType)
    } catch (error) {
      if (error instanceof AnswerableError) return 'bad-answer'
      throw error
    }
    if (cut && answer.text === '') return 'no-answer'
    const { usage } = answer
    // A stream can be cut off after the event that says how it ended.
    const said = answer.finish
    const finish = said === 'stop' || said === 'length' ? said : undefined
    const problem =
      said !== undefined && finish === undefined
        ? 'the answer ended in a way that this runtime does not know'
        : !cut && finish === undefined
          ? 'the answer does not say how it ended'
          : usage !== undefined && usage.prompt !== promptTokens
            ? `the prompt has ${promptTokens} tokens, and the answer counts ${usage.prompt}`
            : contradiction(fields, sampling, this.#recorded)
    const remarks = remarksOf(fields, answer, this.#recorded, askedName(record.model))
    return { generation, answer, finish, cut: cut && finish === undefined, problem, remarks }
  }

  /** The model's own answer, as far as it can still be the recorded one; of one that was cut off, no further than that. */
  async #generate(
    { generation, answer, cut }: Case,
    signal: AbortSignal,
  ): Promise<{ text: string; end: GenerationEnd | undefined; pieces: number }> {
    const pieces = this.#model.generate(generation, signal)
    let text = ''
    for (let count = 0; ; count++) {
      const { done, value } = await pieces.next()
      if (done) return { text, end: value, pieces: count }
      text += value
      if (!answer.text.startsWith(text) || (cut && text.length === answer.text.length)) {
        await pieces.return({ finish: 'stop', tokens: 0 })
        return { text, end: undefined, pieces: count + 1 }
      }
    }
  }

  async #compare(
    { generation, answer, finish, cut }: Case,
    again: { text: string; end: GenerationEnd | undefined; pieces: number },
    margin: number,
    sameLibrary: boolean,
    signal: AbortSignal,
  ): Promise<Pick<Followed, 'steps'> & { problem?: string; knew?: boolean; unclear?: boolean }> {
    const { text, usage } = answer
    const sameText = again.text === text && (cut || again.end?.finish === finish)
    const counted = usage === undefined || usage.completion === again.end?.tokens
    // Of an answer that was cut off: pieces of text, which a token or a few make.
    const checked = again.end?.tokens ?? again.pieces
    if (sameText && (cut || counted)) return { steps: sameSteps(checked) }
    const recorded = { text, finish: cut ? undefined : finish, tokens: usage?.completion }
    this.#knowsDraws ??= await knowsDraws(this.#model, signal)
    const knew = sameLibrary && this.#knowsDraws
    const options = { margin, signal, knowsDraws: knew }
    const followed = await followText(this.#model, generation, recorded, options)
    // The same text of as many tokens can be cut otherwise, which a count alone does not show.
    if (sameText && !(followed.whole && followed.steps.every(({ noise }) => noise <= margin)))
      return {
        steps: sameSteps(checked),
        problem: 'the answer counts another number of tokens than it has',
      }
    return { ...followed, knew }
  }
}

const DRAWN_OTHERWISE = 'With the seed that the record binds it to, the model draws another answer.'
const NO_DRAWS =
  'By which numbers that version drew is not known here, so a drawn token was held to be possible wherever its probability allows it.'

/** Whether a seed gives the same numbers in both. */
function isSameLibrary(recorded: unknown, own: RuntimeDescription): boolean {
  const { version, configuration } = recorded as Partial<RuntimeDescription>
  return version === own.version && configuration?.['llama.cpp'] === own.configuration['llama.cpp']
}

function sameSteps(count: number): TokenStep[] {
  return new Array<TokenStep>(count).fill({ same: true, noise: 0, gap: 0 })
}

function remarksOf(
  fields: JsonObject,
  { unread, model }: RecordedText,
  { name }: RecordedModel,
  askedFor: unknown,
): string[] {
  return [
    ...(fields.model === askedFor ? [] : ['The request asks for another model than the record names.']),
    ...(unread.length === 0 ? [] : [`Not compared: ${unread.join(', ')}.`]),
    ...(model === undefined || model === name ? [] : ['The answer names another model than the record.']),
  ]
}

/** What the record says of its sampling must be what its request asks for. */
const ASKED = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'stop',
]

function contradiction(
  fields: JsonObject,
  sampling: JsonObject,
  recorded: RecordedModel,
): string | undefined {
  const nonce = typeof sampling.nonce === 'string' ? sampling.nonce : undefined
  const expected = JSON.parse(samplingOf(fields, nonce)) as JsonObject
  const drawn = fields.temperature === undefined ? recordedDefaults(recorded).temperature > 0 : true
  const derived = needsSeed(fields) && drawn
  if ((sampling.seed === SEED_DERIVED) !== derived)
    return 'the record says another thing of the seed than its request'
  const { parameters } = sampling
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) return undefined
  const asked = expected.parameters as JsonObject
  const differs = ASKED.some(name => JSON.stringify(asked[name]) !== JSON.stringify(parameters[name]))
  return differs ? 'the sampling on record is not what the request asks for' : undefined
}

/** Opens a model, runs one record again, and closes it. For several use a `Replayer`. */
export async function rerunLlama(
  record: RerunRecord,
  recorded: RecordedModel,
  file: string,
  options: LlamaReplayOptions & { signal?: AbortSignal } = {},
): Promise<Rerun> {
  const { signal = new AbortController().signal } = options
  const replay = await LlamaReplay.open(file, recorded, options)
  if (typeof replay === 'string') return notRerun({ entry: record.entry, model: recorded.manifest }, replay)
  try {
    return await replay.rerun(record, signal)
  } finally {
    await replay.close()
  }
}
