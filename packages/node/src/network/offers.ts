/**
 * What could answer chat on this machine: a key for OpenAI in the environment, an Ollama that runs here, a GGUF file.
 * Nothing found is used before its owner agrees: prompts would leave this process, or cost money.
 */
import { resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { GatewayConfig } from '../gateway/config.ts'

export type Offer =
  | { kind: 'openai'; host: string; url: string; models: readonly string[] }
  | { kind: 'ollama'; host: string; url: string; models: readonly string[] }
  | { kind: 'gguf'; name: string; file: string }

/** The fields of a configuration that an offer fills; the rest of each entry is defaults. */
export interface OfferConfig {
  upstreams?: { name: string; url: string; models: string[]; apiKeyEnv?: string }[]
  localModels?: { name: string; file: string }[]
}

type Environment = Record<string, string | undefined>
type Fetch = (url: string, init: { signal: AbortSignal; redirect: 'error' }) => Promise<Response>

const OLLAMA = 'http://127.0.0.1:11434'
const OPENAI = 'https://api.openai.com/v1'
/** OpenAI's own families: a name mistyped for a model of one's own must not be sent there. */
const OPENAI_MODELS = [
  'gpt-*',
  'chatgpt-*',
  'o1*',
  'o3*',
  'o4*',
  'codex-*',
  'computer-use-*',
  'text-embedding-*',
  'omni-moderation-*',
  'tts-*',
  'whisper-*',
  'dall-e-*',
]
const PATIENCE_MS = 300
const MOST_BYTES = 1 << 20
const MOST_MODELS = 256
const MODEL_NAME = /^[\x21-\x7e]{1,256}$/

/** What could be offered, best kept at home first. Never rejects; takes at most about 300 ms. */
export async function findOffers(
  environment: Environment = process.env,
  fetch: Fetch = globalThis.fetch,
): Promise<Offer[]> {
  const models = await ollamaModels(fetch)
  const offers: Offer[] = []
  if (models.length > 0)
    offers.push({ kind: 'ollama', host: new URL(OLLAMA).host, url: `${OLLAMA}/v1`, models })
  const openai = openaiOffer(environment)
  if (openai !== undefined) offers.push(openai)
  return offers
}

/** The offer of a GGUF file. Throws `bad-config` for another kind of file. */
export function ggufOffer(file: string): Offer {
  const name = /([^/\\]+)\.gguf$/i.exec(file)?.[1]?.replace(/[^A-Za-z0-9._:-]/g, '-')
  if (name === undefined)
    throw new AnswerableError('bad-config', `${file}: expected a file whose name ends in .gguf`)
  return { kind: 'gguf', name: name.replace(/^[._:-]+/, '').slice(0, 128) || 'model', file: resolve(file) }
}

export function configFor(offer: Offer): OfferConfig {
  if (offer.kind === 'gguf') return { localModels: [{ name: offer.name, file: offer.file }] }
  const { kind, url, models } = offer
  const upstream = { name: kind, url, models: [...models] }
  return { upstreams: [kind === 'openai' ? { ...upstream, apiKeyEnv: 'OPENAI_API_KEY' } : upstream] }
}

/**
 * The configuration with the offers that were agreed to. What it says itself comes first, and an entry of a name that
 * it has already is left out.
 */
export function withOffers(config: GatewayConfig, offers: readonly Offer[]): GatewayConfig {
  const { upstreams, localModels } = config
  const fragments = offers.map(configFor)
  return GatewayConfig.parse({
    ...config,
    upstreams: joined(
      upstreams,
      fragments.flatMap(fragment => fragment.upstreams ?? []),
    ),
    localModels: joined(
      localModels,
      fragments.flatMap(fragment => fragment.localModels ?? []),
    ),
  })
}

function joined(own: readonly { name: string }[], more: readonly { name: string }[]): { name: string }[] {
  const all = [...own]
  for (const entry of more) if (!all.some(({ name }) => name === entry.name)) all.push(entry)
  return all
}

function openaiOffer({ OPENAI_API_KEY: key, OPENAI_BASE_URL: base }: Environment): Offer | undefined {
  if (!key) return undefined
  // The key is the one for this address, where it is set: OpenAI's own clients read it too.
  const url = URL.parse(base || OPENAI)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return { kind: 'openai', host: url.host, url: url.href, models: base ? ['*'] : OPENAI_MODELS }
}

async function ollamaModels(fetch: Fetch): Promise<string[]> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const response = await fetch(`${OLLAMA}/api/tags`, { signal, redirect: 'error' })
    if (!response.ok) return []
    const { models } = JSON.parse(await boundedText(response)) as { models?: unknown }
    if (!Array.isArray(models)) return []
    const names = models.map((model: unknown) => (model as { name?: unknown } | null)?.name)
    return names
      .filter(
        (name): name is string => typeof name === 'string' && MODEL_NAME.test(name) && !name.endsWith('*'),
      )
      .slice(0, MOST_MODELS)
  } catch {
    // Nobody there, or somebody else: then there is nothing to offer.
    return []
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > MOST_BYTES) throw new Error('too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
