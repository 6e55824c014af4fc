/** The routes that ask several models, made of their configuration and of what is served here. */
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { AnswerableError } from '@answerable/core'
import type { AgreementRule, DissentPolicy } from '@answerable/core/opinions'
import { type Trust, trustFrom, Verifier } from '@answerable/core/receipt'
import { nodeSuite } from '../../log/suite.ts'
import type { ModelMetadata } from '../../runtime/index.ts'
import { type Backend, route as backendFor } from '../backend.ts'
import type { CallProtocol } from '../call-paths.ts'
import type { ServedModels } from '../kserve.ts'
import { BackendOpinion } from './backend-opinion.ts'
import type { OperatorModelConfig, OpinionRouteConfig } from './config.ts'
import { KserveOpinion } from './kserve-opinion.ts'
import { OPINION_HEADER, OperatorOpinion } from './operator-opinion.ts'
import type { Opinion } from './opinion.ts'

export type Routes = ReadonlyMap<string, Route>

export interface Served {
  models: ServedModels
  backends: readonly Backend[]
  environment?: Record<string, string | undefined>
}

export class Route {
  readonly name: string
  readonly protocol: CallProtocol
  /** The first gives the answer. */
  readonly opinions: readonly Opinion[]
  readonly rule: AgreementRule
  readonly least: number
  readonly onDissent: DissentPolicy
  readonly decides: string | undefined
  readonly seconds: number
  /** JSON text of the model disclosure, where nobody was asked. */
  readonly disclosure: string
  /** Under /v2: what it takes and gives, which is what its first does. */
  readonly metadata: ModelMetadata | undefined

  constructor(config: OpinionRouteConfig, served: Served) {
    const { model, ask, agree, least, onDissent, escalateTo, seconds } = config
    const [first] = ask
    const own = typeof first === 'string' ? served.models.get(first) : undefined
    this.name = model
    this.protocol = own === undefined ? 'openai' : 'kserve'
    this.opinions = ask.map(one =>
      typeof one === 'string' ? this.#local(one, served) : this.#remote(one, served.environment),
    )
    this.rule = agree as AgreementRule
    this.least = least ?? ask.length
    this.onDissent = onDissent
    this.decides = escalateTo
    this.seconds = seconds
    this.disclosure = JSON.stringify({ name: model, runtime: { name: 'second-opinions' } })
    this.metadata = own && { ...own.metadata, name: model, versions: [] }
    this.#checkRule(own?.metadata)
  }

  /** Throws what a call is refused for before anybody is asked. */
  refuse(protocol: CallProtocol, headers: IncomingHttpHeaders, fields?: Record<string, unknown>): void {
    if (protocol !== this.protocol)
      throw new AnswerableError('unknown-model', `${this.name} answers under ${PREFIX[this.protocol]} alone`)
    if (headers[OPINION_HEADER] !== undefined)
      throw new AnswerableError('bad-request', `${this.name} asks others, and so gives nobody an opinion`)
    if (fields?.stream === true)
      throw new AnswerableError(
        'bad-request',
        `${this.name} asks several models and compares whole answers, so it cannot stream; leave stream out`,
      )
  }

  #local(model: string, { models, backends }: Served): Opinion {
    const served = models.get(model)
    const backend = served === undefined ? backendFor(backends, model) : undefined
    if (served === undefined && backend === undefined)
      throw this.#bad(`ask: no model "${model}" here; there are: ${namesIn(models, backends)}`)
    if ((served === undefined) !== (this.protocol === 'openai'))
      throw this.#bad(
        `ask: ${model} does not answer under ${PREFIX[this.protocol]}, as the first does, and all get one request`,
      )
    return served === undefined ? new BackendOpinion(model, backend!) : new KserveOpinion(served)
  }

  #remote(
    { operator, model, apiKeyEnv, trust }: OperatorModelConfig,
    environment: Served['environment'] = {},
  ): Opinion {
    const key = apiKeyEnv === undefined ? undefined : environment[apiKeyEnv]
    if (apiKeyEnv !== undefined && !key)
      throw this.#bad(`ask: ${operator} takes its key from ${apiKeyEnv}, which is not set`)
    const verifier = trust === undefined ? undefined : new Verifier(nodeSuite, this.#trust(operator, trust))
    return new OperatorOpinion({ operator, model, protocol: this.protocol, key, verifier })
  }

  #trust(operator: string, file: string): Trust {
    try {
      const { networks } = trustFrom([{ name: operator, policy: readFileSync(file, 'utf8') }], nodeSuite)
      return { networks: networks.map(one => ({ ...one, policy: { ...one.policy, quorum: 'none' } })) }
    } catch (cause) {
      throw this.#bad(`trust: ${file} is no tlog-policy: ${(cause as Error).message}`, cause)
    }
  }

  /** A rule about what the first does not give would have everybody abstain. */
  #checkRule(metadata: ModelMetadata | undefined): void {
    const { rule } = this
    if ('text' in rule !== (metadata === undefined))
      throw this.#bad(`agree: ${PREFIX[this.protocol]} takes ${metadata ? 'output or within' : 'text'}`)
    if ('text' in rule || metadata === undefined) return
    const name = 'within' in rule ? rule.within.output : rule.output
    const outputs = metadata.outputs.map(output => output.name)
    if (!outputs.includes(name))
      throw this.#bad(`agree: the first has no output "${name}"; there are: ${outputs.join(', ')}`)
  }

  #bad(message: string, cause?: unknown): AnswerableError {
    return new AnswerableError('bad-config', `opinions: ${this.name}: ${message}`, { cause })
  }
}

const PREFIX: Record<CallProtocol, string> = { kserve: '/v2', openai: '/v1' }

/** Throws `bad-config` for a name that is taken, a model that nobody serves, and a route that asks a route. */
export function openRoutes(configs: readonly OpinionRouteConfig[], served: Served): Routes {
  const names = new Set(configs.map(({ model }) => model))
  const { models, backends } = served
  return new Map(
    configs.map(config => {
      const { model, ask } = config
      const bad = (message: string) => new AnswerableError('bad-config', `opinions: ${model}: ${message}`)
      if (models.has(model) || backends.some(backend => backend.models.includes(model)))
        throw bad('this is the name of a model')
      const asking = ask.find(one => typeof one === 'string' && names.has(one))
      if (asking !== undefined) throw bad(`ask: ${asking} asks others itself; a route asks models alone`)
      return [model, new Route(config, served)] as const
    }),
  )
}

/** Those that answer under one protocol. */
export function namesOf(routes: Routes, protocol: CallProtocol): string[] {
  return [...routes.values()].filter(one => one.protocol === protocol).map(({ name }) => name)
}

function namesIn(models: ServedModels, backends: readonly Backend[]): string {
  const names = [...models.keys(), ...backends.flatMap(backend => backend.models)]
  return names.slice(0, 50).join(', ') || 'none'
}
