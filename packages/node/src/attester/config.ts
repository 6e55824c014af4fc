/** The part of the configuration that says how a node comes by evidence of its platform, and whom it asks about it. */
import { DEVICE_FORMATS, FORMATS } from '@answerable/core/evidence'
import { z } from 'zod'
import { PLACEHOLDER } from './command.ts'

const seconds = (fallback: number) => z.number().positive().max(3600).default(fallback)
const Argv = z
  .array(z.string().min(1).max(4096))
  .min(1)
  .max(64)
  .refine(
    argv => argv.slice(1).some(one => one.includes(PLACEHOLDER)),
    `no argument has ${PLACEHOLDER}, for the bytes to sign`,
  )
const Output = z.enum(['auto', 'binary', 'hex', 'base64']).default('auto')
const Path = z.string().min(1).max(4096)

const Machine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('configfs-tsm'), root: Path.optional() }),
  z.strictObject({
    kind: z.literal('confidential-space'),
    socket: Path.optional(),
    audience: z.string().min(1).max(512).default('https://answerable.dev'),
  }),
  z.strictObject({ kind: z.literal('dstack'), socket: Path.optional() }),
  z.strictObject({
    kind: z.literal('command'),
    argv: Argv,
    format: z.enum(
      FORMATS.filter(one => !DEVICE_FORMATS.includes(one)),
      'a format of a machine, such as nitro or tdx',
    ),
    output: Output,
  }),
])

const Device = z.strictObject({
  kind: z.literal('command'),
  argv: Argv,
  format: z.enum(DEVICE_FORMATS, DEVICE_FORMATS.join(', ')),
  output: Output,
})

const Service = z
  .url({ protocol: /^https?$/ })
  .max(512)
  .refine(url => !/[?#@]/.test(url), 'no query, fragment or user')
  .transform(url => url.replace(/\/+$/, ''))

/** Whom to ask for what vendors say of platforms: their own services unless told, or a cache. `null` asks nobody. */
export const EndorsementServices = z.strictObject({
  /** Intel's provisioning certification service, or a PCCS. */
  intel: Service.nullable().default('https://api.trustedservices.intel.com'),
  /** AMD's key distribution service. */
  amd: Service.nullable().default('https://kdsintf.amd.com'),
  nvidiaOcsp: Service.nullable().default('https://ocsp.ndis.nvidia.com'),
  nvidiaRim: Service.nullable().default('https://rim.attestation.nvidia.com'),
  /** Key sets of the services that issue tokens. */
  nrasKeys: Service.nullable().default('https://nras.attestation.nvidia.com/.well-known/jwks.json'),
  maaKeys: Service.nullable().default(null),
  /** For one answer, and how often a question is asked at most. */
  timeoutSeconds: seconds(10),
  attempts: z.number().int().min(1).max(5).default(3),
})
export type EndorsementServices = z.infer<typeof EndorsementServices>

export const EvidenceConfig = z.strictObject({
  machine: Machine,
  devices: z.array(Device).max(15).default([]),
  /** For one attester. */
  timeoutSeconds: seconds(30),
  endorsements: EndorsementServices.prefault({}),
})
export type EvidenceConfig = z.infer<typeof EvidenceConfig>
