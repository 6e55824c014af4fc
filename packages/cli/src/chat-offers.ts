/** Who could answer chat here, and whether the owner agrees: prompts would leave this process, or cost money. */
import { AnswerableError } from '@answerable/core'
import type { GatewayConfig } from '@answerable/node/gateway'
import { findOffers, ggufOffer, type Offer, withOffers } from '@answerable/node/network'
import { note } from './output/style.ts'
import { plain, wrap } from './output/text.ts'
import { ask, canAsk } from './prompt.ts'

export interface ChatArguments {
  /** Kinds that were agreed to on the command line. */
  chat: readonly string[]
  gguf?: string | undefined
}

/** The configuration with what was agreed to. One that names upstreams of its own is not asked about. */
export async function agreeOnChat(
  config: GatewayConfig,
  { chat, gguf }: ChatArguments,
): Promise<GatewayConfig> {
  for (const kind of chat)
    if (kind !== 'openai' && kind !== 'ollama' && kind !== 'none')
      throw new AnswerableError('bad-request', '--chat: expected openai, ollama or none')
  const agreed: Offer[] = gguf === undefined ? [] : [ggufOffer(gguf)]
  const settled = config.upstreams.length > 0 || gguf !== undefined || chat.includes('none')
  const offers = settled && chat.length === 0 ? [] : await findOffers()
  for (const kind of chat)
    if (kind !== 'none' && !offers.some(offer => offer.kind === kind))
      throw new AnswerableError('unavailable', `--chat ${kind}: ${MISSING[kind as keyof typeof MISSING]}`)
  for (const offer of offers) {
    if (chat.includes(offer.kind) || (!settled && chat.length === 0 && (await agrees(offer))))
      agreed.push(offer)
  }
  return agreed.length === 0 ? config : withOffers(config, agreed)
}

const MISSING = {
  openai: 'OPENAI_API_KEY is not set',
  ollama: 'no Ollama with a model answers at 127.0.0.1:11434',
}

async function agrees(offer: Offer): Promise<boolean> {
  if (offer.kind === 'gguf') return true
  const found =
    offer.kind === 'openai'
      ? `OPENAI_API_KEY is set: calls to its models would go to ${plain(offer.host)}, and cost what it charges.`
      : `An Ollama runs at ${offer.host}, with ${offer.models.slice(0, 5).map(plain).join(', ')}.`
  if (!canAsk()) {
    note(...wrap(`${found} To use it for chat: --chat ${offer.kind}`))
    return false
  }
  note(...wrap(found))
  return ask('Use it for chat?')
}
