/** Evidence in a network of several owners: its documents are there before anybody vouches for a log that names them. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { utf8 } from '@answerable/core'
import { formatEndorsements, formatEvidenceDocument } from '@answerable/core/evidence'
import type { Receipt } from '@answerable/core/receipt'
import { addSignature, checkEvidence, type EvidenceRecord, referenceId } from '@answerable/core/registry'
import { formatInference, inferenceContext } from '@answerable/core/statement'
import { formatTlogProof } from '@answerable/core/tlog'
import { admitted, FAST_TERMS, TestMember, until } from '../../test/members.ts'
import { foundTogether } from '../drill/owner.ts'
import { nodeSuite } from '../log/suite.ts'
import { Sealer } from '../registry/sealer.ts'
import { stateEvidence } from '../registry/state-evidence.ts'

const TEN_MINUTES = { handInSeconds: 600 }
const digestOf = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')

async function founded(t: TestContext, terms: object = TEN_MINUTES) {
  const members = ['ada', 'bo', 'cy', 'dee'].map(id => new TestMember(t, `${id}.example`))
  const network = await foundTogether(members, { ...FAST_TERMS, ...terms })
  await until(() => members.every(one => one.official > 0 && one.state.logs.size === 4), 'all are under way')
  return { members: members as [TestMember, TestMember, TestMember, TestMember], network }
}

function logOf(member: TestMember): { origin: string; vkey: string } {
  return [...member.state.logs.values()].find(one => one.member === member.id)!
}

/** A document that reads as evidence, though no platform signed it. */
function papers(member: TestMember, archived = 'x') {
  const items = [{ format: 'nitro' as const, bytes: Buffer.from('not signed by anyone') }]
  const document = formatEvidenceDocument({ log: logOf(member).vkey, items })
  const archive = formatEndorsements([{ kind: 'jwks', bytes: Buffer.from(archived) }])
  return { node: 'gateway', log: logOf(member).origin, document, archive }
}

async function states(member: TestMember, own = papers(member)) {
  const signer = (await member.keys()).statements('member')
  return { ...own, ...(await stateEvidence(member.registry, own, signer)), evidence: digestOf(own.document) }
}

/** Whether this member fetches documents from nobody. */
function withholds(member: TestMember, cut: boolean): void {
  member.reach = url => (cut && url.includes('/registry/documents/') ? undefined : url)
}

const isHere = (member: TestMember, bytes: Uint8Array) =>
  member.registry.documents.has(digestOf(bytes), bytes.length)

test('nothing over evidence is official before a quorum has its documents; then all have them, and their word', {
  timeout: 90_000,
}, async t => {
  const { members } = await founded(t)
  const [ada, bo, cy, dee] = members
  for (const one of [cy, dee]) withholds(one, true)
  const { index, document, archive, evidence } = await states(bo)
  assert.ok(isHere(ada, document) && isHere(ada, archive), 'the host has them as it takes the statement')
  await until(() => [cy, dee].every(one => one.book.size > index), 'the entry is at all')
  await new Promise(resolve => setTimeout(resolve, 1500))
  for (const one of members) assert.ok(one.official <= index, `${one.id} takes it for official`)
  withholds(cy, false)
  await until(() => ada.official > index, 'three of four cosign')
  assert.ok(isHere(cy, document) && isHere(cy, archive))
  assert.ok(!isHere(dee, document))
  withholds(dee, false)
  await until(() => isHere(dee, document) && isHere(dee, archive), 'the fourth catches up')
  const word = () => ada.state.evidence.get(evidence)!.appraisals
  await until(() => word().length === 3, 'everybody else’s word is on record')
  assert.deepEqual(
    word()
      .map(({ by }) => by)
      .sort(),
    ['ada.example', 'cy.example', 'dee.example'],
  )
  assert.equal(new Set(word().map(({ asOf, policy }) => `${asOf} ${policy}`)).size, 1)
  for (const { met, reasons } of word()) assert.deepEqual([met, reasons.length > 0], [false, true])

  // Another archive of what vendors say: the same evidence, refreshed and looked at again.
  const fresh = await states(bo, papers(bo, 'newer'))
  assert.equal(fresh.evidence, evidence)
  await until(() => word().filter(one => one.endorsements === digestOf(fresh.archive)).length === 3, 'again')
  const record = ada.state.evidence.get(evidence)!
  assert.deepEqual(
    record.endorsements.map(one => one.digest),
    [digestOf(archive), digestOf(fresh.archive)],
  )
  await assert.rejects(states(bo, papers(bo, 'newer')), { code: 'rule-forbids' })
})

test('a host that includes evidence that nobody can have is cosigned by nobody, and moved; the network goes on', {
  timeout: 120_000,
}, async t => {
  const { members } = await founded(t, {})
  const [ada, bo, cy, dee] = members
  ada.registry.evidence.holds = () => true
  const log = logOf(bo).origin
  const body = {
    node: 'gateway',
    log,
    evidence: 'ab'.repeat(32),
    endorsements: 'cd'.repeat(32),
    bytes: [9, 9],
  }
  const { index, digest } = await bo.states('evidence', body)
  const others = [bo, cy, dee]
  await until(() => others.every(one => one.book.find(digest)?.effective === true), 'they have the entry')
  for (const one of others) assert.ok(one.official <= index)
  await until(() => others.every(one => one.hostedBy !== 'ada.example'), 'the host is moved', 60_000)
  await until(() => others.every(one => one.official > index + 20), 'the network goes on', 30_000)
  // An honest host takes no more of the kind.
  const more = { ...body, evidence: 'ef'.repeat(32) }
  await assert.rejects(bo.states('evidence', more), { code: 'unavailable' })
})

test('a validator stamps evidence only with its documents here, and nobody watches another’s word for them', {
  timeout: 90_000,
}, async t => {
  const { members, network } = await founded(t, { handInSeconds: 4 })
  const [ada, bo, cy, dee] = members
  const { origin: log } = logOf(bo)
  const { document, archive } = papers(bo, 'handed in')
  const named = { evidence: digestOf(document), endorsements: digestOf(archive) }
  const body = { node: 'gateway', log, ...named, bytes: [document.length, archive.length] }
  const entry = await bo.statement(network, 'evidence', body)
  await assert.rejects(cy.registry.validator.handIn(entry), { code: 'unavailable' })
  await assert.rejects(ada.client.submit(entry), { code: 'unavailable' })
  // One who stamps it all the same, and tells everybody.
  dee.registry.evidence.require = () => Promise.resolve()
  await dee.registry.validator.handIn(entry)
  const end = Date.now() + 8000
  while (Date.now() < end) {
    for (const one of [bo, cy]) assert.equal(one.registry.validator.complaint(), undefined)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  assert.equal(bo.hostedBy, 'ada.example')
  // Left at one validator, from which the host has them.
  for (const bytes of [document, archive]) await cy.client.leave(bytes)
  await cy.registry.validator.handIn(entry)
  await until(() => ada.state.evidence.has(named.evidence), 'it is in the registry')
  await until(() => ada.official >= ada.state.evidence.get(named.evidence)!.stated.index, 'and official')
})

test('who joins later has the documents of all that is official, also where its author is gone', {
  timeout: 120_000,
}, async t => {
  const [ada, bo] = (await admitted(t, ['ada.example', 'bo.example'], TEN_MINUTES)) as [
    TestMember,
    TestMember,
  ]
  const { index, document, archive } = await states(bo)
  await until(() => ada.official > index, 'official')
  const cy = new TestMember(t, 'cy.example')
  const application = await cy.join(ada)
  for (const one of [ada, bo]) await one.approve(application)
  await until(() => cy.state.members.get('cy.example')?.status === 'active', 'cy is admitted')
  await bo.stop()
  await until(() => isHere(cy, document) && isHere(cy, archive), 'the documents come')
  const got = await cy.client.document(digestOf(document), document.length)
  assert.deepEqual(Buffer.from(got), Buffer.from(document))
  // A file that a disk spoilt is not served, and comes again.
  const name = `${digestOf(archive)}-${archive.length}`
  writeFileSync(join(cy.folder, 'registry-documents', name), 'x')
  await assert.rejects(cy.client.document(digestOf(archive), archive.length), { code: 'not-found' })
  await until(() => isHere(cy, archive), 'it is fetched again')
  await bo.start()
  // Who is no validator and no auditor keeps its own alone.
  const dee = new TestMember(t, 'dee.example', { roles: ['deployer'] })
  const applied = await dee.join(ada)
  for (const one of [ada, cy]) await one.approve(applied)
  await until(() => dee.state.evidence.size === 1 && dee.official > index, 'dee has the registry')
  await new Promise(resolve => setTimeout(resolve, 1000))
  assert.ok(!isHere(dee, document))
})

test('a quorum of validators revokes an image that others approved', { timeout: 60_000 }, async t => {
  const { members, network } = await founded(t)
  const [ada, bo, cy, dee] = members
  const reference = {
    format: 'tdx',
    measurements: { mrtd: 'ab', rtmr1: 'ab' },
    image: 'gateway 1.2',
    role: 'gateway',
  } as const
  const id = referenceId(reference, nodeSuite)
  const { index } = await bo.states('reference-value', { reference })
  // The host's copy is as new as its answer.
  assert.ok(ada.book.size > index)
  const body = { id, since: '2026-01-01T00:00:00.000Z', reason: 'a hole' }
  let entry = await dee.statement(network, 'reference-revocation', body, 'validator')
  await assert.rejects(ada.client.submit(entry), { code: 'rule-forbids' })
  for (const one of [ada, cy]) entry = addSignature(entry, (await one.keys()).statements('validator'))
  await ada.client.submit(entry)
  const record = () => bo.state.references.get(`${id} bo.example`)
  await until(() => record()?.revoked?.groups?.length === 3, 'all know')
  await assert.rejects(cy.states('reference-value', { reference }), { code: 'rule-forbids' })
})

test('a sealed receipt brings the evidence that its record names: records, documents, and who said what of it', {
  timeout: 60_000,
}, async t => {
  const { members } = await founded(t)
  const [ada, bo] = members
  const { index, document, archive, evidence, log } = await states(bo)
  const reference = { format: 'nitro', measurements: { pcr0: 'ab' }, image: 'x', role: 'gateway' } as const
  const id = referenceId(reference, nodeSuite)
  await ada.states('reference-value', { reference })
  const appraised = () => bo.state.evidence.get(evidence)?.appraisals.length === 3
  await until(appraised, 'it is appraised')
  await ada.states('reference-revocation', { id, since: '2026-01-01T00:00:00.000Z', reason: 'a hole' })
  const sealer = new Sealer(bo.book, bo.registry.documents)
  const receipt = receiptOf(log, evidence)
  await until(async () => {
    await sealer.seal(receipt)
    const sealed = receipt.registry?.records.find(({ collection }) => collection === 'references')
    return (sealed?.value.revoked ?? null) !== null
  }, 'validators sign a state with all of it')
  assert.deepEqual(Object.keys(receipt.documents), [evidence])
  assert.deepEqual(receipt.endorsements!.map(digestOf), [digestOf(archive)])
  assert.deepEqual(Buffer.from(receipt.documents[evidence]!), Buffer.from(document))
  const proven = checkEvidence(receipt.registry!, bo.state, nodeSuite)!
  const record = proven.get(`evidence/${evidence}`) as unknown as EvidenceRecord
  assert.equal(record.stated.index, index)
  assert.equal(record.appraisals.length, 3)
  for (const { by, key } of record.appraisals)
    assert.ok(proven.has(`members/${by}`) && proven.has(`keys/${key}`))
  assert.ok(proven.has(`references/${id} ada.example`))
  // Evidence of another node's log is none of this record's.
  const stranger = receiptOf(logOf(ada).origin, evidence)
  await sealer.seal(stranger)
  assert.deepEqual([stranger.documents, stranger.endorsements], [{}, undefined])
  assert.ok(stranger.registry!.records.every(({ collection }) => collection !== 'evidence'))
})

/** As much of a receipt as sealing looks at. */
function receiptOf(log: string, evidence: string): Receipt {
  const digest = 'ab'.repeat(32)
  const context = inferenceContext({ log, node: digest, evidence, charter: digest, terms: digest })
  const disclosures = { request: digest, response: digest, model: digest, sampling: digest, parties: digest }
  const record = {
    id: '01890000-0000-7000-8000-000000000000',
    event: 'answer',
    time: Date.now(),
    holder: digest,
    disclosures,
  } as const
  const checkpoint = `${log}\n1\n${Buffer.alloc(32).toString('base64')}\n\n\u2014 x ${Buffer.alloc(68).toString('base64')}\n`
  return {
    statement: utf8(formatInference(record, context)),
    proof: formatTlogProof({ index: 0, hashes: [], checkpoint }),
    disclosures: {},
    content: {},
    documents: {},
  }
}
