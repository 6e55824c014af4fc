/** A registry of the rules' version 4 with a node that states where it runs, for tests of evidence. */
import type { Outcome } from '../src/registry/index.ts'
import type { Json, JsonObject } from '../src/shape.ts'
import { Owner, RegistryWorld } from './registry.ts'
import { addNode, DIGEST, effective } from './registry-acts.ts'

export const ARCHIVE = 'cd'.repeat(32)
export const AS_OF = '2026-01-01T00:00:00.000Z'

export const REFERENCE: JsonObject = {
  format: 'tdx',
  measurements: { mrtd: 'aa', rtmr1: 'bb' },
  image: 'gateway 1.2',
  role: 'gateway',
}

export function attested() {
  const operator = new Owner('ops', ['operator'])
  const auditor = new Owner('audrey', ['auditor'])
  const terms = { waitingSeconds: 0, epochSeconds: 120, digestEvery: 16 }
  const world = new RegistryWorld(['ada', 'bo', 'cy', 'dee', operator, auditor], terms, 4)
  const validators = world.founders.filter(({ roles }) => roles.includes('validator'))
  world.tick(60, validators)
  const { log } = addNode(world, operator)
  const say = (kind: string, body: JsonObject, by: Owner, ...purposes: string[]): Outcome => {
    world.now++
    return world.state_(kind, body, by, ...purposes)
  }
  const body = (more: Record<string, Json> = {}): JsonObject => ({
    node: 'one',
    log: log.origin,
    evidence: DIGEST,
    endorsements: ARCHIVE,
    bytes: [20_000, 300_000],
    ...more,
  })
  const appraised = (more: Record<string, Json> = {}): JsonObject => ({
    evidence: DIGEST,
    endorsements: ARCHIVE,
    asOf: AS_OF,
    policy: DIGEST,
    met: true,
    reasons: [],
    ...more,
  })
  effective(say('evidence', body(), operator))
  return { world, operator, auditor, validators, log, say, body, appraised }
}

export type Attested = ReturnType<typeof attested>

/** 64 hex digits that are of no other number. */
export function digestOf(number: number): string {
  return number.toString(16).padStart(64, '0')
}
