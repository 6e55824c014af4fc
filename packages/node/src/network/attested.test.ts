/** From hardware to a reader: a node attests, its network stores and appraises, and a receipt shows it years later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@answerable/core'
import { DEFAULT_EVIDENCE_POLICY, type EvidencePolicy } from '@answerable/core/evidence'
import { networkFromRegistry, parseReceipt, type Receipt, Verifier } from '@answerable/core/receipt'
import { addSignature, Registry, referenceId } from '@answerable/core/registry'
import { makeAuthority, makeNitro, PCRS } from '../../../core/test/nitro.ts'
import { FAST_TERMS, TestMember, until } from '../../test/members.ts'
import { ASK, post, upstream } from '../../test/network.ts'
import { foundTogether } from '../drill/owner.ts'
import { nodeSuite } from '../log/suite.ts'

test('a reader with an older copy sees where a record was made, who says so, and when that is taken back', {
  timeout: 120_000,
}, async t => {
  const authority = makeAuthority({ from: '2026-01-01T00:00:00Z', to: '2036-01-01T00:00:00Z' })
  const roots = { nitro: [nodeSuite.sha256Hex(authority.root.der)] }
  const url = await upstream(t, (_request, response) => response.end('{"ok":true}'))
  const machine = {
    kind: 'fake',
    attest: async (data: Uint8Array) => ({
      format: 'nitro' as const,
      bytes: makeNitro(authority, { user_data: data, timestamp: Date.now() }),
      endorsements: [],
    }),
  }
  const ada = new TestMember(t, 'ada.example')
  const cy = new TestMember(t, 'cy.example')
  const bo = new TestMember(t, 'bo.example', {
    set: {
      evidence: { machine: { kind: 'configfs-tsm' } },
      upstreams: [{ name: 'test', url, models: ['gpt-test'] }],
    },
    attesters: { machine, devices: [] },
    vendors: () => assert.fail('no vendor is asked about this'),
  })
  const terms = { ...FAST_TERMS, handInSeconds: 600, evidence: { policy: { roots } } }
  const network = await foundTogether([ada, bo, cy], terms)
  await until(() => ada.state.logs.size === 3, 'all logs are registered')
  // It began before its network had a host.
  if (bo.network!.attesting!.status.evidence === null) await bo.network!.attesting!.attest()
  await until(() => ada.state.evidence.size === 1, 'bo states its evidence')
  const [record] = [...ada.state.evidence.values()]
  const word = () => ada.state.evidence.get(record!.digest)!.appraisals
  await until(() => word().length === 2, 'the others have looked at it')
  for (const { met, reasons } of word()) assert.deepEqual([met, reasons], [true, []])

  const reference = {
    format: 'nitro',
    measurements: { pcr0: toHex(PCRS[0]!) },
    image: 'gateway 1.2',
    role: 'gateway',
  } as const
  const id = referenceId(reference, nodeSuite)
  await cy.states('reference-value', { reference })
  // Cosignatures are dated to the second: one of the second before would leave the record without an approval.
  await new Promise(resolve => setTimeout(resolve, 1000))
  const answer = await post(`${bo.url}/v1/chat/completions`, ASK)
  const link = new URL(answer.headers.get('answerable-receipt-url')!)
  const sealed = async (): Promise<Receipt> => {
    const headers = { authorization: `Bearer ${link.hash.slice(1)}` }
    const got = await fetch(`${bo.url}${link.pathname}?sealed`, { headers })
    return parseReceipt(Buffer.from(await got.arrayBuffer()))
  }

  // The reader's copy ends before the evidence; their trust in hardware is their own.
  const copy = new Registry(nodeSuite)
  for (const entry of await ada.book.entries(0, record!.stated.index)) copy.append(entry)
  const evidence = { ...DEFAULT_EVIDENCE_POLICY, roots: { ...DEFAULT_EVIDENCE_POLICY.roots, ...roots } }
  const networks = [networkFromRegistry('n', copy.state, nodeSuite)]
  const place = async (trusted: EvidencePolicy = evidence) =>
    new Verifier(nodeSuite, { networks, evidence: trusted }).verify(await sealed()).claims.place
  await until(async () => (await place()).result === 'pass', 'the place of the record is shown')
  assert.match((await place()).sentence, /cy/)
  assert.notEqual((await place(DEFAULT_EVIDENCE_POLICY)).result, 'pass')

  const body = { id, since: '2026-01-01T00:00:00.000Z', reason: 'a hole' }
  let entry = await ada.statement(network, 'reference-revocation', body, 'validator')
  for (const one of [bo, cy]) entry = addSignature(entry, (await one.keys()).statements('validator'))
  await ada.client.submit(entry)
  await until(async () => (await place()).reason === 'measurement-revoked', 'the revocation came along')
})
