/**
 * Follows a recorded text through a model, token by token: is there a way to cut it into tokens, each of which this model
 * could have given after those before it, with logits that are off by no more than some noise?
 *
 * A record holds text, and most texts can be cut into tokens in several ways. So at each step every token that the text may
 * go on with is a candidate, and the one that takes the least noise is followed; where that leads to a token beyond the
 * margin, the other candidates within it are tried, from the last one back. Whoever answered gets the benefit of each doubt.
 */
import { Scores, type TokenStep, Uniforms } from '@answerable/core/audit'
import type { Generation, LlamaModel, TextRun } from '../runtime/index.ts'
import { Vocabulary } from './vocabulary.ts'

/** What a re-run needs of a model. */
export type ReplayedModel = Pick<
  LlamaModel,
  'generate' | 'score' | 'textRun' | 'textPrompt' | 'chatPrompt' | 'describe' | 'contextSize' | 'pieceOf'
>

export interface FollowedText {
  text: string
  /** How the answer ended; undefined for one that was cut off. */
  finish: 'stop' | 'length' | undefined
  /** Tokens that the answer has by its own count, where it says. */
  tokens: number | undefined
}

export interface Followed {
  steps: TokenStep[]
  /** Whether the text was followed to its end. */
  whole: boolean
  /** Whether it was followed beyond the margin, and other ways to cut it were left untried. */
  unclear: boolean
}

export interface FollowOptions {
  margin: number
  signal: AbortSignal
  /** Whether `Uniforms` gives the numbers that the runtime draws by. */
  knowsDraws: boolean
}

/** Of a token that could be the same one by another cut of the text. */
const NOT_SAME = 1e-6
/** The logarithm of a probability that no token of an answer has. */
const UNLIKELY = -18
/** Ways to cut a text that are tried at most. */
const MOST_TRIES = 32
/** Tokens beyond the margin after which no more is looked at. */
const MOST_BEYOND = 64

export async function followText(
  model: ReplayedModel,
  generation: Generation,
  recorded: FollowedText,
  options: FollowOptions,
): Promise<Followed> {
  const uniforms = options.knowsDraws ? new Uniforms(generation.seed) : undefined
  const follow = (forced: readonly number[], toTheEnd: boolean) =>
    new Follower(model, generation, recorded, options, uniforms).run(forced, toTheEnd)
  const first = await follow([], true)
  const open = [...first.branches]
  for (let tries = 1; first.beyond && tries < MOST_TRIES && !options.signal.aborted; tries++) {
    const branch = open.pop()
    if (branch === undefined) break
    const other = await follow(branch, false)
    if (!other.beyond) return other.followed
    open.push(...other.branches)
  }
  return { ...first.followed, unclear: first.beyond && open.length > 0 }
}

interface Try {
  followed: Followed
  /** Whether a token was beyond the margin, or the text came to no end. */
  beyond: boolean
  /** Beginnings that could have been gone on with instead, before any token beyond the margin. */
  branches: number[][]
}

interface Candidate {
  token: number
  /** The least that it takes; of one that another comes before, at least so much or the margin. */
  noise: number
  run: TextRun
  said: string
  done: boolean
}

class Follower {
  readonly #model: ReplayedModel
  readonly #generation: Generation
  readonly #recorded: FollowedText
  readonly #options: FollowOptions
  readonly #uniforms: Uniforms | undefined
  readonly #path: number[] = []
  readonly #steps: TokenStep[] = []
  readonly #branches: number[][] = []
  #run: TextRun
  #said = ''
  #beyond = 0

  constructor(
    model: ReplayedModel,
    generation: Generation,
    recorded: FollowedText,
    options: FollowOptions,
    uniforms: Uniforms | undefined,
  ) {
    this.#model = model
    this.#generation = generation
    this.#recorded = recorded
    this.#options = options
    this.#uniforms = uniforms
    this.#run = model.textRun(generation)
  }

  async run(forced: readonly number[], toTheEnd: boolean): Promise<Try> {
    const { signal, margin } = this.#options
    const positions = this.#model.score(this.#generation.prompt, signal)
    let whole = false
    try {
      let position = await positions.next()
      while (!position.done) {
        const scores = new Scores(position.value, this.#generation)
        const candidates = this.#candidates(scores)
        const force = forced[this.#path.length]
        const next =
          force === undefined ? this.#choose(candidates, scores) : this.#forced(candidates, force, scores)
        if (next === undefined) {
          this.#steps.push({ same: false, noise: Number.POSITIVE_INFINITY, gap: Number.POSITIVE_INFINITY })
          this.#beyond++
          break
        }
        if (this.#path.length >= forced.length && this.#beyond === 0) this.#branch(candidates, next)
        this.#take(next, scores)
        whole = next.done
        if (whole || (next.noise > margin && (!toTheEnd || this.#beyond >= MOST_BEYOND))) break
        position = await positions.next(next.token)
      }
    } finally {
      await positions.return()
    }
    return {
      followed: { steps: this.#steps, whole, unclear: false },
      beyond: this.#beyond > 0 || !whole,
      branches: this.#branches,
    }
  }

  /** Every token that the recorded text may go on with: the one that takes the least noise first. */
  #candidates(scores: Scores): Candidate[] {
    const { logs } = scores
    const candidates: Candidate[] = []
    // In the middle of a character, or of what may be a stop, any token may follow; and the first may lack its space.
    const tokens =
      this.#run.count > 0 && this.#run.isSettled
        ? vocabularyOf(this.#model, logs.length).at(this.#recorded.text.slice(this.#said.length))
        : logs.keys()
    for (const token of tokens) {
      const fit = logs[token] === Number.NEGATIVE_INFINITY ? undefined : this.#fit(token)
      if (fit !== undefined) candidates.push({ ...fit, token, noise: this.#rank(scores, token) })
    }
    // The exact noise costs as much as a hundred ranks, and is needed of those alone of which one is to be chosen.
    const least = Math.min(...candidates.map(({ noise }) => noise))
    if (least > 0)
      for (const one of candidates) if (one.noise === least) one.noise = this.#leastNoise(scores, one.token)
    return candidates.sort((a, b) => a.noise - b.noise || logs[b.token]! - logs[a.token]!)
  }

  /**
   * Up to the first token beyond the margin the one that takes the least noise. From there on no cut is of use to whoever
   * answered, and the longest token is followed, as texts are mostly made of those: then what is said of the rest is about
   * the answer and not about the cut.
   */
  #choose(candidates: readonly Candidate[], scores: Scores): Candidate | undefined {
    const [least] = candidates
    if (least === undefined || (this.#beyond === 0 && least.noise <= this.#options.margin)) return least
    const weight = ({ said, token, done }: Candidate) =>
      scores.logs[token]! < UNLIKELY ? -1 : done ? Number.POSITIVE_INFINITY : said.length
    const longest = candidates.reduce((best, one) => (weight(one) > weight(best) ? one : best))
    // How far off the scores would have to be is said of the token that takes the least.
    return longest.noise > 0 ? { ...longest, noise: Math.max(least.noise, NOT_SAME) } : longest
  }

  #forced(candidates: readonly Candidate[], force: number, scores: Scores): Candidate | undefined {
    const found = candidates.find(({ token }) => token === force)
    return found && { ...found, noise: this.#leastNoise(scores, force) }
  }

  /** 0 for a token that takes no noise, the margin for one within it, Infinity for others. */
  #rank(scores: Scores, token: number): number {
    const { margin } = this.#options
    const drawn = this.#drawn
    if (scores.isPossible(token, drawn, 0)) return 0
    return scores.isPossible(token, drawn, margin) ? margin : Number.POSITIVE_INFINITY
  }

  #leastNoise(scores: Scores, token: number): number {
    return scores.leastNoise(token, this.#drawn)
  }

  /** The number that this position's token is drawn by: one a token. Undefined where it is not known. */
  get #drawn(): number | undefined {
    return this.#uniforms?.at(this.#path.length)
  }

  /** Whether the text can go on with a token. */
  #fit(token: number): Pick<Candidate, 'run' | 'said' | 'done'> | undefined {
    const { text, finish, tokens } = this.#recorded
    const run = this.#run.clone()
    const said = this.#said + run.add(token).join('')
    if (!text.startsWith(said)) return undefined
    if (finish === undefined) {
      // It was cut off: how it would have gone on is not on record.
      const done = said.length === text.length
      return done || run.end === undefined ? { run, said, done } : undefined
    }
    if (run.end === undefined) return { run, said, done: false }
    if (said.length !== text.length || run.end.finish !== finish) return undefined
    return tokens === undefined || tokens === run.end.tokens ? { run, said, done: true } : undefined
  }

  #branch(candidates: readonly Candidate[], next: Candidate): void {
    for (const { token, noise } of candidates)
      if (token !== next.token && noise <= this.#options.margin) this.#branches.push([...this.#path, token])
  }

  #take({ token, noise, run, said }: Candidate, scores: Scores): void {
    this.#path.push(token)
    this.#steps.push({ same: noise === 0, noise, gap: scores.gap(token) })
    if (noise > this.#options.margin) this.#beyond++
    this.#run = run
    this.#said = said
  }
}

const VOCABULARIES = new WeakMap<ReplayedModel, Vocabulary>()

function vocabularyOf(model: ReplayedModel, size: number): Vocabulary {
  let vocabulary = VOCABULARIES.get(model)
  if (vocabulary?.size !== size) {
    vocabulary = new Vocabulary(size, token => model.pieceOf(token))
    VOCABULARIES.set(model, vocabulary)
  }
  return vocabulary
}
