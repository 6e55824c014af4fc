/** A registry's log as a busy network would have it: members who join, and what they then state. */
import { generateKeyPairSync } from 'node:crypto'
import { toHex } from '@answerable/core'
import {
  formatVkey,
  type NoteSigner,
  SIG_COSIGNATURE_ED25519,
  signerVkey,
  verifierKey,
} from '@answerable/core/note'
import {
  DEFAULT_TERMS,
  Registry,
  registryPayload,
  type StatementSigner,
  signEnvelope,
} from '@answerable/core/registry'
import { nodeSuite, noteSigner } from '@answerable/node/log'

const DIGEST = 'ab'.repeat(32)
const VALIDATORS = 7
const GROUPS = 20
const PURPOSES = ['member', 'recovery', 'validator', 'witness', 'host'] as const

interface Party {
  id: string
  group: string
  roles: string[]
  notes: Map<string, NoteSigner>
  signer(purpose: string): StatementSigner
  keys: { purpose: string; key: string }[]
}

function party(id: string, group: string, roles: string[]): Party {
  const notes = new Map<string, NoteSigner>()
  for (const purpose of [...PURPOSES, 'log']) {
    const signer = noteSigner(`${id}/${purpose}`, generateKeyPairSync('ed25519').privateKey)
    const { name, publicKey } = signer.key
    const key =
      purpose === 'witness' ? verifierKey(name, SIG_COSIGNATURE_ED25519, publicKey, nodeSuite) : signer.key
    notes.set(purpose, { ...signer, key })
  }
  const brought = roles.includes('validator') ? PURPOSES : (['member', 'recovery'] as const)
  const signer = (purpose: string) => {
    const { key, sign } = notes.get(purpose)!
    return { keyid: toHex(key.publicKey), sign }
  }
  return {
    id,
    group,
    roles,
    notes,
    signer,
    keys: brought.map(purpose => ({ purpose, key: formatVkey(notes.get(purpose)!.key) })),
  }
}

export interface BusyRegistry {
  entries: Uint8Array[]
  /** SHA-256 of the charter's statement. */
  network: string
  host: NoteSigner
  /** Of each validator. */
  witnesses: NoteSigner[]
}

/** Signs `count` entries for `members` members. Every one is effective, which the fold that made them has seen. */
export function registryEntries(count: number, members: number): Uint8Array[] {
  return busyRegistry(count, members).entries
}

export function busyRegistry(count: number, members: number): BusyRegistry {
  const registry = new Registry(nodeSuite)
  const entries: Uint8Array[] = []
  const validators = Array.from({ length: VALIDATORS }, (_, i) =>
    party(`validator-${i}`, `validator-${i}`, ['operator', 'publisher', 'validator']),
  )
  let now = Date.parse('2026-01-01T00:00:00Z')
  const put = (kind: string, body: object, by: Party, signers: StatementSigner[]) => {
    const { network } = registry.state
    const payload = registryPayload({
      kind,
      ...(network !== '' && { network }),
      by: by.id,
      time: now++,
      body: body as never,
    })
    const entry = signEnvelope(payload, signers)
    const outcome = registry.append(entry)
    if (!outcome.effective) throw new Error(`${kind}: ${outcome.rule} ${outcome.detail ?? ''}`)
    entries.push(entry)
    return outcome
  }
  const fields = ({ id, group, roles }: Party) => ({
    id,
    name: `${id} Ltd`,
    ownerGroup: group,
    roles,
    jurisdiction: 'DE',
    hosting: 'own',
    url: `https://${id}.example`,
  })
  const [first] = validators as [Party]
  const charter = {
    name: 'bench',
    terms: { ...DEFAULT_TERMS, waitingSeconds: 0 },
    founders: validators.map(one => ({ member: fields(one), keys: one.keys })),
    host: {
      vkey: signerVkey(first.notes.get('host')!),
      member: first.id,
      url: `https://${first.id}.example`,
    },
  }
  put(
    'charter',
    charter,
    first,
    validators.flatMap(one => one.keys.map(({ purpose }) => one.signer(purpose))),
  )
  const tick = () => {
    now = Math.ceil((now + 60_000) / 60_000) * 60_000
    for (const one of validators)
      put('tick', { at: new Date(now).toISOString() }, one, [one.signer('validator')])
    const { due } = registry
    if (due === undefined) return
    for (const one of validators)
      if (!registry.state.digests.get(due.size)?.has(one.id))
        put('state-digest', { ...due }, one, [one.signer('validator')])
  }
  tick()
  // Members of a few owners, as firms of one group are: else this would be the bench of their votes on each other.
  const others: Party[] = []
  const node = (one: Party, descriptor: string) => {
    const body = {
      name: 'gateway',
      url: `https://${one.id}.example`,
      descriptor,
      log: signerVkey(one.notes.get('log')!),
      models: [DIGEST],
    }
    put('node', body, one, [one.signer('member'), one.signer('log')])
  }
  for (let i = 0; i < members - VALIDATORS; i++) {
    const one = party(`member-${i}`, `group-${i % GROUPS}`, ['deployer'])
    const sponsor = others[i % GROUPS] ?? validators[i % VALIDATORS]!
    const { digest } = put('application', { member: fields(one), keys: one.keys }, sponsor, [
      ...one.keys.map(({ purpose }) => one.signer(purpose)),
      sponsor.signer('member'),
    ])
    for (const voter of [...validators, ...others.slice(0, GROUPS)]) {
      if (registry.state.applications.get(digest!)!.status !== 'open') break
      put('approval', { of: digest! }, voter, [voter.signer('member')])
    }
    others.push(one)
    if (i % 50 === 0) tick()
  }
  finish()
  return {
    entries: entries.slice(0, count),
    network: registry.state.network,
    host: first.notes.get('host')!,
    witnesses: validators.map(one => one.notes.get('witness')!),
  }

  function finish(): void {
    for (const one of validators) node(one, DIGEST)
    for (let i = 0; entries.length < count; i++) {
      const one = validators[i % VALIDATORS]!
      const other = others[i % others.length]!
      if (i % 60 === 0) tick()
      if (i % 5 === 0)
        put(
          'model',
          {
            name: `${one.id}/m${i % 40}`,
            version: `${i}`,
            manifest: DIGEST,
            licence: 'MIT',
            intendedUse: 'Scoring of loans',
            limits: 'Adults',
            format: 'onnx',
          },
          one,
          [one.signer('member')],
        )
      else if (i % 5 === 1)
        put('member', { name: `${other.id} Ltd`, url: `https://${other.id}.example/${i}` }, other, [
          other.signer('member'),
        ])
      else if (i % 5 === 2) {
        const state = registry.state.logs.get(one.notes.get('log')!.key.name)!
        if (state.anchor?.epoch !== registry.state.epoch)
          put('anchor', { log: state.origin, size: i, root: DIGEST }, one, [one.signer('member')])
        else put('member', { hosting: `provider ${i}` }, other, [other.signer('member')])
      } else if (i % 5 === 3) {
        const fresh = noteSigner(`${other.id}/key-${i}`, generateKeyPairSync('ed25519').privateKey)
        const held = registry.state.keysOfMember(other.id).filter(([, { revoked }]) => revoked === null)
        if (held.length > 8)
          put(
            'revocation',
            { key: held.at(-1)![0], since: new Date(now).toISOString(), reason: 'rotated' },
            other,
            [other.signer('member')],
          )
        else
          put(
            'key',
            {
              keys: [
                {
                  purpose: 'witness',
                  key: formatVkey(
                    verifierKey(fresh.key.name, SIG_COSIGNATURE_ED25519, fresh.key.publicKey, nodeSuite),
                  ),
                },
              ],
            },
            other,
            [other.signer('member'), { keyid: toHex(fresh.key.publicKey), sign: fresh.sign }],
          )
      } else
        put('hand-in', { statement: nodeSuite.sha256Hex(Buffer.from(`${i}`)) }, one, [
          one.signer('validator'),
        ])
    }
  }
}
