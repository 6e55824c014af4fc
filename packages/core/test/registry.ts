/**
 * A registry in memory for tests: owners with keys of their own, and entries that they sign. All of it follows from
 * names, so what fails once fails again.
 */
import { toHex } from '../src/bytes.ts'
import { testSigner } from '../src/note/fixtures.test.ts'
import { formatVkey, type NoteSigner, SIG_COSIGNATURE_ED25519, verifierKey } from '../src/note/index.ts'
import {
  DEFAULT_TERMS,
  type Outcome,
  type Purpose,
  Registry,
  type Role,
  registryPayload,
  rootHex,
  type StatementSigner,
  signEnvelope,
  type Terms,
} from '../src/registry/index.ts'
import type { JsonObject } from '../src/shape.ts'
import { suite } from './fixture.ts'

export const START = Date.parse('2026-01-01T00:00:00Z')

/** A member with a key for each purpose. */
export class Owner {
  readonly id: string
  readonly group: string
  readonly roles: Role[]

  constructor(id: string, roles: Role[] = ['operator', 'publisher', 'validator'], group: string = id) {
    this.id = id
    this.roles = roles
    this.group = group
  }

  note(purpose: string): NoteSigner {
    const signer = testSigner(`${this.id}.example/${purpose}`)
    if (!purpose.startsWith('witness')) return signer
    return {
      ...signer,
      key: verifierKey(signer.key.name, SIG_COSIGNATURE_ED25519, signer.key.publicKey, suite),
    }
  }

  signer(purpose: string): StatementSigner {
    const { key, sign } = this.note(purpose)
    return { keyid: toHex(key.publicKey), sign }
  }

  key(purpose: Purpose, name: string = purpose): { purpose: Purpose; key: string } {
    return { purpose, key: formatVkey(this.note(name).key) }
  }

  get keys(): { purpose: Purpose; key: string }[] {
    return (['member', 'recovery', 'validator', 'witness', 'host'] as const).map(purpose => this.key(purpose))
  }

  /** Signers of all those keys: what brings keys must be signed by each. */
  get all(): StatementSigner[] {
    return (['member', 'recovery', 'validator', 'witness', 'host'] as const).map(purpose =>
      this.signer(purpose),
    )
  }

  get fields(): JsonObject {
    return {
      id: this.id,
      name: `${this.id} Ltd`,
      ownerGroup: this.group,
      roles: this.roles,
      jurisdiction: 'DE',
      hosting: 'own',
      url: `https://${this.id}.example`,
    }
  }
}

export class RegistryWorld {
  readonly registry = new Registry(suite)
  readonly founders: readonly Owner[]
  readonly entries: Uint8Array[] = []
  readonly outcomes: Outcome[] = []
  /** Authors' clock, Unix milliseconds. */
  now = START

  constructor(
    founders: readonly (string | Owner)[] = ['ada', 'bo', 'cy'],
    terms: Partial<Terms> = {},
    rules?: number,
  ) {
    this.founders = founders.map(one => (typeof one === 'string' ? new Owner(one) : one))
    this.append(
      signEnvelope(
        this.payload('charter', this.charter(terms, rules), this.founders[0]!, null),
        this.founders.flatMap(({ all }) => all),
      ),
    )
  }

  charter(terms: Partial<Terms> = {}, rules?: number): JsonObject {
    const [first] = this.founders
    return {
      name: 'test',
      ...(rules !== undefined && { rules }),
      terms: { ...DEFAULT_TERMS, ...terms } as unknown as JsonObject,
      founders: this.founders.map(({ fields, keys }) => ({ member: fields, keys })),
      host: { vkey: first!.key('host').key, member: first!.id, url: `https://${first!.id}.example` },
    }
  }

  get state(): Registry['state'] {
    return this.registry.state
  }

  payload(
    kind: string,
    body: JsonObject,
    by: Owner,
    network: string | null = this.state.network,
  ): Uint8Array {
    return registryPayload({ kind, ...(network !== null && { network }), by: by.id, time: this.now, body })
  }

  /** An entry of this kind, not appended. */
  entry(kind: string, body: JsonObject, by: Owner, ...signers: StatementSigner[]): Uint8Array {
    return signEnvelope(this.payload(kind, body, by), signers)
  }

  append(entry: Uint8Array): Outcome {
    const outcome = this.registry.append(entry)
    this.entries.push(entry)
    this.outcomes.push(outcome)
    return outcome
  }

  /** States something, signed by an owner's keys of these purposes. */
  state_(kind: string, body: JsonObject, owner: Owner, ...purposes: string[]): Outcome {
    const signers = (purposes.length === 0 ? ['member'] : purposes).map(purpose => owner.signer(purpose))
    return this.append(this.entry(kind, body, owner, ...signers))
  }

  /** All validators tick, after some seconds. */
  tick(seconds = 60, owners: readonly Owner[] = this.founders): void {
    this.now += seconds * 1000
    for (const owner of owners)
      this.state_('tick', { at: new Date(this.now).toISOString() }, owner, 'validator')
  }

  root(): string {
    return rootHex(this.registry)
  }
}
