/** What the two sides of a comparison are, as the user names them: an endpoint, a registered gateway, or a file. */
import { existsSync } from 'node:fs'
import { AnswerableError } from '@answerable/core'
import type { ComparisonParameters } from '@answerable/core/compare'
import { EndpointSource, ModelFileSource, type Source } from '@answerable/node/compare'
import { isInTheClear, readUrl } from '../http.ts'
import { note } from '../output/style.ts'
import { plain, wrap } from '../output/text.ts'
import { TrustStore } from '../trust-store.ts'
import { registeredNode } from './registered-node.ts'

export type Named =
  | { kind: 'url'; url: string; model: string }
  | { kind: 'node'; node: string; model: string }
  | { kind: 'file'; file: string }

export interface SideOptions {
  parameters: ComparisonParameters
  /** The name of an environment variable with the key of this side's API. */
  keyFrom: string | undefined
  network: string | undefined
  timeoutMs: number
  seeds: boolean
}

const NODE = /^([a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*)#(.+)$/
const MODEL = /^(?!\p{Z})[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,256}(?<!\p{Z})$/u

/** Throws `bad-request` for what is none of the three. */
export function readSide(text: string): Named {
  if (/^https?:\/\//i.test(text)) {
    const url = readUrl(text)
    const model = decoded(url.hash.slice(1))
    if (url.search !== '')
      throw new AnswerableError('bad-request', `${plain(text)}: a query is not passed on`)
    url.hash = ''
    if (!MODEL.test(model))
      throw new AnswerableError(
        'bad-request',
        `${plain(text)}: expected the model’s name behind a #, such as http://127.0.0.1:7070#tiny`,
      )
    return { kind: 'url', url: url.href, model }
  }
  const [, node, model] = NODE.exec(text) ?? []
  if (node !== undefined && MODEL.test(model!)) return { kind: 'node', node, model: model! }
  if (/\.gguf$/i.test(text) || existsSync(text)) return { kind: 'file', file: text }
  throw new AnswerableError(
    'bad-request',
    `${plain(text)}: expected URL#MODEL, MEMBER/NODE#MODEL of a registered gateway, or a GGUF file`,
  )
}

/** Throws `not-found` for a node or file that is not there, and `bad-config` where a key or a runtime is missing. */
export async function openSide(named: Named, options: SideOptions): Promise<Source> {
  const { parameters, keyFrom, timeoutMs, seeds, network } = options
  if (named.kind === 'file') return ModelFileSource.open(named.file, parameters)
  const url = named.kind === 'url' ? named.url : registeredNode(new TrustStore(), named.node, network)
  const apiKey = keyFrom === undefined ? undefined : process.env[keyFrom]
  if (keyFrom !== undefined && !apiKey)
    throw new AnswerableError('bad-config', `the environment variable ${keyFrom} is not set`)
  if (apiKey !== undefined && isInTheClear(new URL(url)))
    note(
      ...wrap(`warning: the key travels to ${new URL(url).host} over plain http, where others can read it`),
    )
  return new EndpointSource({
    url,
    model: named.model,
    ...(named.kind === 'node' && { node: named.node }),
    ...(apiKey !== undefined && { apiKey }),
    parameters,
    timeoutMs,
    seeds,
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
