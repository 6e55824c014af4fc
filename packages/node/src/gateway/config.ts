/**
 * The gateway's one configuration: a JSON file, overridden by environment variables, checked whole at start. Every
 * bound that the gateway keeps is here, with its default.
 */
import { readFileSync } from 'node:fs'
import { AnswerableError } from '@answerable/core'
import { z } from 'zod'
import { EvidenceConfig } from '../attester/config.ts'
import { OpinionRoutes } from './opinions/config.ts'

const seconds = (fallback: number) => z.number().positive().max(86_400).default(fallback)
const bytes = (fallback: number) =>
  z
    .number()
    .int()
    .positive()
    .max(1 << 30)
    .default(fallback)

const Upstream = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'lower-case letters, digits and dashes'),
  /** The base of its OpenAI-compatible API, with `/v1` where it has one. */
  url: z.url({ protocol: /^https?$/ }),
  /** Model names it serves; a trailing `*` matches any ending. The first upstream that matches is used. */
  models: z.array(z.string().min(1).max(256)).min(1),
  /** The name of the environment variable that holds its key: a key never stands in a file. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .optional(),
  /** Until its answer begins, and between two pieces of it. */
  headersTimeoutSeconds: seconds(120),
  bodyTimeoutSeconds: seconds(120),
  connections: z.number().int().min(1).max(4096).default(128),
})

/** Who must have signed a model: one key, or roots that the signer's certificate must lead to. */
const ModelSignature = z
  .strictObject({
    /** The signature file (OpenSSF Model Signing); from the working directory, as all of these. */
    file: z.string().min(1),
    /** A public key in PEM. */
    key: z.string().min(1).optional(),
    /** Certificates in PEM. */
    roots: z.array(z.string().min(1)).min(1).max(64).optional(),
    /** As of when the certificates must be valid; now, unless told. */
    asOf: z.iso.datetime().optional(),
    /** The folder of the files that are signed together; that of the model's file, unless told. */
    folder: z.string().min(1).optional(),
  })
  .refine(({ key, roots }) => (key === undefined) !== (roots === undefined), 'either key or roots')

const LocalModel = z.strictObject({
  /** What callers name it by. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'letters, digits and . _ : - alone'),
  version: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .default('1'),
  /** A GGUF file, served under /v1, or an ONNX file, served under /v2; from the working directory. */
  file: z.string().regex(/\.(gguf|onnx)$/i, 'a file whose name ends in .gguf or .onnx'),
  /** The file's digest, where it must be that. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest in lower-case hex')
    .optional(),
  /** Its signature: then the files are compared with the manifest before anything is served. */
  signature: ModelSignature.optional(),
  /** Whether anybody may fetch its files, under /models; only for a signed one. */
  share: z.boolean().optional(),
  /** GGUF only: in tokens; by default what the model was trained on, and 4,096 at most. */
  contextSize: z
    .number()
    .int()
    .min(32)
    .max(1 << 20)
    .optional(),
})

const Key = z.strictObject({
  /** SHA-256 of the key, in hex: `answerable keys new` prints both. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest in lower-case hex'),
  deployer: z.string().min(1).max(256),
  declaredUse: z.string().max(256).optional(),
  requestsPerMinute: z.number().int().positive().optional(),
})

const Network = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.number().int().min(0).max(65_535).default(7080),
    /** Where other members and readers reach it: this member's address in the registry. */
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .max(512)
      .refine(url => !/[?#@]/.test(url), 'no query, fragment or user')
      .transform(url => url.replace(/\/+$/, ''))
      .optional(),
  })
  .refine(
    ({ host, publicUrl }) => publicUrl !== undefined || (host !== '0.0.0.0' && host !== '::'),
    'publicUrl is needed: nobody can reach 0.0.0.0',
  )

/** In base64 this is what `parseReceipt` takes. */
const MOST_CONTENT = 68 << 20

export const GatewayConfig = z.strictObject({
  operator: z.string().min(1).max(256).default('you'),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(7070),
  /** Where others reach this gateway; by default the address it was asked on. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** A listener for other members and readers alone, which takes no calls. Without it all is on the one above. */
  network: Network.optional(),
  upstreams: z.array(Upstream).max(256).default([]),
  /** Models that run in this process. */
  localModels: z
    .array(LocalModel)
    .max(64)
    .refine(models => new Set(models.map(({ name }) => name)).size === models.length, 'two of one name')
    .refine(
      models => models.every(({ share, signature }) => !share || signature !== undefined),
      'share: only a signed model can be shared',
    )
    .default([]),
  /** Of an auditor, and of a validator that judges disputes: where models are that others serve. */
  audits: z
    .strictObject({
      /** Files. */
      models: z.array(z.string().min(1)).max(1024).default([]),
      /** Folders that `answerable model pull` filled. */
      stores: z.array(z.string().min(1)).max(16).default([]),
    })
    .prefault({}),
  /** How this node comes by evidence of its hardware; without it, it has none, and says so. */
  evidence: EvidenceConfig.optional(),
  /** Names under which several models are asked. */
  opinions: OpinionRoutes,
  /** Callers' keys. Without any, the gateway only listens on loopback. */
  keys: z.array(Key).max(65_536).default([]),
  /** Paths under /v1/ that are passed through as opaque bytes. */
  passThrough: z
    .array(z.string().regex(/^\/v1\/[a-z0-9/_-]+$/))
    .default([
      '/v1/moderations',
      '/v1/images/generations',
      '/v1/audio/speech',
      '/v1/audio/transcriptions',
      '/v1/rerank',
    ]),
  limits: z
    .strictObject({
      requestBytes: bytes(32 << 20),
      responseBytes: bytes(32 << 20),
      concurrent: z.number().int().positive().max(65_536).default(1024),
      /** Connections open at a time, idle ones included. */
      connections: z.number().int().positive().max(65_536).default(4096),
      /** For a call's whole body, from when the call has its place. */
      bodySeconds: seconds(30),
      /** For a caller who takes nothing of what was sent to them. */
      writeSeconds: seconds(30),
      streamSeconds: seconds(3600),
      /** Calls that wait for a model in this process, which answers one at a time. */
      localQueue: z.number().int().min(0).max(4096).default(16),
      idempotencyHours: z.number().positive().max(720).default(24),
    })
    .refine(
      ({ requestBytes, responseBytes }) => requestBytes + responseBytes <= MOST_CONTENT,
      `requestBytes and responseBytes together may be ${MOST_CONTENT >> 20} MiB, so that a receipt with both can be read`,
    )
    .prefault({}),
  retentionDays: z.number().int().positive().max(36_500).default(183),
  /** How long a record may still be drawn for an audit, and is not erased at a person's request. */
  samplingHours: z.number().min(0).max(8760).default(24),
  publishMilliseconds: z.number().int().min(50).max(60_000).default(1000),
})
export type GatewayConfig = z.infer<typeof GatewayConfig>
export type NetworkConfig = z.infer<typeof Network>
export type UpstreamConfig = z.infer<typeof Upstream>
export type LocalModelConfig = z.infer<typeof LocalModel>
export type ModelSignatureConfig = z.infer<typeof ModelSignature>
export type KeyConfig = z.infer<typeof Key>

/** Environment variables that override the file, by the field they set. */
export const ENVIRONMENT: Record<string, (config: Record<string, unknown>, value: string) => void> = {
  ANSWERABLE_HOST: (config, value) => {
    config.host = value
  },
  ANSWERABLE_PORT: (config, value) => {
    config.port = Number(value)
  },
  PORT: (config, value) => {
    config.port = Number(value)
  },
  ANSWERABLE_PUBLIC_URL: (config, value) => {
    config.publicUrl = value
  },
  ANSWERABLE_OPERATOR: (config, value) => {
    config.operator = value
  },
  ANSWERABLE_RETENTION_DAYS: (config, value) => {
    config.retentionDays = Number(value)
  },
  ANSWERABLE_NETWORK_HOST: (config, value) => setNetwork(config, { host: value }),
  ANSWERABLE_NETWORK_PORT: (config, value) => setNetwork(config, { port: Number(value) }),
  ANSWERABLE_NETWORK_URL: (config, value) => setNetwork(config, { publicUrl: value }),
}

function setNetwork(config: Record<string, unknown>, fields: Record<string, unknown>): void {
  config.network = { ...(config.network as object | undefined), ...fields }
}

/** Reads and checks the configuration. Throws `bad-config` with every problem, a line each. */
export function loadConfig(
  path: string | undefined,
  environment: Record<string, string | undefined>,
  overrides: Record<string, unknown> = {},
): GatewayConfig {
  const config = path === undefined ? {} : readConfigFile(path)
  for (const [name, set] of Object.entries(ENVIRONMENT)) {
    const value = environment[name]
    if (value !== undefined && value !== '') set(config, value)
  }
  const parsed = GatewayConfig.safeParse({ ...config, ...overrides })
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: at, message }) => `  ${at.join('.') || 'config'}: ${message}`,
    )
    throw new AnswerableError(
      'bad-config',
      `the configuration${path ? ` in ${path}` : ''} is not valid:\n${problems.join('\n')}`,
    )
  }
  const { host, keys } = parsed.data
  if (keys.length === 0 && !isLoopback(host)) {
    throw new AnswerableError(
      'bad-config',
      `host: ${host} is not a loopback address, and there are no keys; anyone who reaches it could use it. Add keys (the command keys new makes one), or listen on 127.0.0.1`,
    )
  }
  for (const { name, apiKeyEnv } of parsed.data.upstreams) {
    if (apiKeyEnv !== undefined && !environment[apiKeyEnv])
      throw new AnswerableError(
        'bad-config',
        `upstreams: ${name} takes its key from ${apiKeyEnv}, which is not set`,
      )
  }
  return parsed.data
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`
    throw new AnswerableError('bad-config', `${path}: ${message}`, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AnswerableError('bad-config', `${path}: not JSON: ${(cause as Error).message}`, { cause })
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new AnswerableError('bad-config', `${path}: not a JSON object`)
  return value as Record<string, unknown>
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
