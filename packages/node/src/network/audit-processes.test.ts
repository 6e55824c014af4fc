/**
 * Audits among processes that share nothing but HTTP: a host, an operator, validators and an auditor. A swapped model is
 * caught, a lying auditor loses by the same path, and neither a side that is killed in mid-dispute nor a host that is
 * changes that. What came of it is read by somebody who is none of them.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { networkFromRegistry, parseReceipt, type Verification, Verifier } from '@answerable/core/receipt'
import type { Dispute, LogRecord } from '@answerable/core/registry'
import { parseTlogProof } from '@answerable/core/tlog'
import { withoutCanonical } from '../../test/canonical.ts'
import { until } from '../../test/members.ts'
import { makeFolder } from '../../test/network.ts'
import { ChildMember } from '../drill/child-member.ts'
import { foundTogether } from '../drill/owner.ts'
import { nodeSuite } from '../log/suite.ts'
import { buildDemoModels, CREDIT_FEATURES } from '../models/index.ts'
import { bookFolder, RegistryBook } from '../registry/book.ts'
import { RegistryClient } from '../registry/client.ts'
import { openKeyring } from '../registry/keyring.ts'
import { Mirror } from '../registry/mirror.ts'
import { realDisk } from '../storage/disk.ts'

const TERMS = {
  tickSeconds: 1,
  epochSeconds: 2,
  maximumGapSeconds: 10,
  // By then a host that is silent is moved.
  handInSeconds: 6,
  waitingSeconds: 0,
  challengeSeconds: 60,
  digestEvery: 16,
  audit: { samples: { default: 1, uses: {} }, moveSeconds: 40 },
}
const STEP_MS = 60_000
const skip = withoutCanonical()
const TIMES = { timeout: 4 * STEP_MS, skip }

const folder = makeFolder()
const members: ChildMember[] = []
/** Of readers. */
const books: RegistryBook[] = []
let network = ''

before(async () => {
  if (skip !== false) return
  const models = await buildDemoModels(join(folder.path, 'models'))
  const files = models.map(({ file }) => file)
  const localModels = models.map(({ name, version, file }) => ({ name, version, file }))
  const one = (id: string, roles: ChildMember['membership']['roles'], more: object = {}) =>
    new ChildMember(id, join(folder.path, id), { roles, set: { audits: { models: files }, ...more } })
  members.push(
    one('ada', ['validator']),
    one('bo', ['operator', 'validator'], { localModels }),
    one('cy', ['validator']),
    one('dee', ['validator']),
    one('audrey', ['auditor']),
  )
  network = await foundTogether(members, TERMS)
  await step(async () => (await logOfBo()) !== undefined, 'the network is under way')
})
after(async () => {
  await Promise.all(members.map(member => member.kill()))
  for (const book of books) await book.close()
  folder.remove()
})

const named = (id: string) => members.find(member => member.id === id)!
const step = (holds: () => Promise<boolean>, what: string) =>
  until(() => holds().catch(() => false), what, STEP_MS)
/** Dee's copy is looked at: it is killed by nobody. */
const records = <T>(collection: string) => named('dee').records<T>(collection)

async function logOfBo(): Promise<LogRecord | undefined> {
  return Object.values(await records<LogRecord>('logs')).find(({ member }) => member === 'bo')
}

/** A decision of bo's. Resolves with the link to its receipt. */
async function decide(): Promise<string> {
  const inputs = CREDIT_FEATURES.map(({ name, default: value }) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [value],
  }))
  const response = await fetch(`${named('bo').url}/v2/models/credit-f32/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  })
  assert.equal(response.status, 200, await response.text())
  return response.headers.get('answerable-receipt-url')!
}

async function receipt(link: string, sealed = false) {
  const [url, secret] = link.split('#') as [string, string]
  const response = await fetch(url + (sealed ? '?sealed' : ''), {
    headers: { authorization: `Bearer ${secret}` },
  })
  assert.equal(response.status, 200)
  return parseReceipt(new Uint8Array(await response.arrayBuffer()))
}

/** Somebody who is no member: a copy of the registry, replayed, under the charter's digest alone. */
class Reader {
  readonly #book: RegistryBook
  readonly #mirror: Mirror

  private constructor(book: RegistryBook, mirror: Mirror) {
    this.#book = book
    this.#mirror = mirror
  }

  static async open(name: string): Promise<Reader> {
    const home = join(folder.path, name)
    await realDisk.list(home)
    const keyring = await openKeyring(realDisk, home, name, [], true)
    const signer = keyring.signer('host')
    const book = await RegistryBook.open({ disk: realDisk, folder: bookFolder(home), signer })
    books.push(book)
    const mirror = await Mirror.open({ book, disk: realDisk, folder: home, network, member: name })
    return new Reader(book, mirror)
  }

  get state(): RegistryBook['state'] {
    return this.#book.state
  }

  async follow(): Promise<void> {
    await this.#mirror.follow(new RegistryClient({ url: named('dee').url }))
  }

  async verify(link: string, sealed = false): Promise<Verification['claims']> {
    const trust = { networks: [networkFromRegistry('n', this.#book.state, nodeSuite)] }
    return new Verifier(nodeSuite, trust).verify(await receipt(link, sealed)).claims
  }
}

/** Until a reader who follows the registry is told this of a claim; then all claims. */
async function told(link: string, claim: 'output' | 'accountability', reason: string) {
  let claims = await reader.verify(link)
  await step(
    async () => {
      await reader.follow()
      claims = await reader.verify(link)
      return claims[claim].reason === reason
    },
    `${claim}: ${reason}, and not ${JSON.stringify(claims[claim])}`,
  )
  return claims
}

/** The same of a sealed receipt, by a reader whose own copy ends before any of it. */
async function toldOffline(link: string, reason: string) {
  let claims = await early.verify(link, true)
  await step(async () => {
    claims = await early.verify(link, true)
    return claims.output.reason === reason
  }, `offline, ${reason}`)
  return claims
}

const disputes = async () => Object.values(await records<Dispute>('disputes'))

/**
 * A decision whose record is disputed, while bo is cut off from the host once the record is anchored: the dispute then
 * waits for bo's first move.
 */
async function disputed(): Promise<{ link: string; dispute: Dispute }> {
  const before = await disputes()
  const link = await decide()
  // The log grows by what was opened of earlier records as well.
  const { index } = parseTlogProof((await receipt(link)).proof)
  await step(async () => ((await logOfBo())!.anchor?.size ?? 0) > index, 'the record is anchored')
  const host = (await named('dee').summary()).host!.member
  await named('bo').order({ lines: { from: `${named(host).url}/registry/statements`, to: null } })
  const fresh = async () =>
    (await disputes()).find(({ digest }) => before.every(one => one.digest !== digest))
  await step(async () => (await fresh()) !== undefined, 'a dispute')
  const dispute = (await fresh())!
  assert.deepEqual([dispute.status, dispute.game!.turn], ['moves', 'defender'])
  return { link, dispute }
}

/** How a dispute ends, the same in every copy. */
async function decided({ digest }: Dispute): Promise<Dispute> {
  const now = async (member: ChildMember) => (await member.records<Dispute>('disputes'))[digest]
  await step(async () => (await now(named('dee')))?.status === 'decided', 'it is decided')
  const found = (await now(named('dee')))!
  for (const member of members.filter(({ alive }) => alive))
    await step(async () => (await now(member))?.wrong === found.wrong, `${member.id} says the same`)
  return found
}

let early: Reader
let reader: Reader
let honest = ''
let swapped = ''

test('an honest record is run again, and a reader is told by whom and how close', TIMES, async () => {
  ;[early, reader] = [await Reader.open('early'), await Reader.open('reader')]
  // Until it knows bo's log, and what comes after it does not.
  await step(async () => {
    await early.follow()
    return early.state.logs.size > 0
  }, 'a reader has a first copy')
  honest = await decide()
  const { output, model } = await told(honest, 'output', 'recomputed-exact')
  for (const claim of [output, model]) {
    assert.deepEqual([claim.result, claim.basis], ['pass', 'recomputation'])
    assert.match(claim.sentence, /"audrey Ltd" \(audrey\) ran/)
  }
  assert.match(output.sentence, /the same to the bit/)
  assert.equal((await early.verify(honest)).output.reason, 'not-recomputed')
})

test(
  'a swapped model is caught, bisected and decided, though its auditor is killed meanwhile',
  TIMES,
  async () => {
    await named('bo').order({ lie: 'swapped' })
    const { link, dispute } = await disputed()
    swapped = link
    await named('audrey').kill()
    await named('audrey').start()
    await named('bo').order({ lines: null })
    const { wrong, game, votes } = await decided(dispute)
    assert.equal(wrong, 'defender')
    assert.equal(game!.end!.kind, 'tile')
    assert.ok(votes.length >= 2 && votes.every(({ how }) => how === 'referee'), JSON.stringify(votes))
    const { output, model } = await told(link, 'output', 'recomputed-otherwise')
    assert.deepEqual([output.result, model.result], ['fail', 'fail'])
    assert.equal((await told(honest, 'output', 'recomputed-exact')).output.result, 'pass')
  },
)

test('a lying auditor loses by the same path, though the operator is killed meanwhile', TIMES, async () => {
  await named('bo').order({ lie: null })
  await named('audrey').order({ lie: 'finds' })
  const { link, dispute } = await disputed()
  await named('bo').kill()
  await named('bo').start()
  const { wrong, game, votes } = await decided(dispute)
  assert.equal(wrong, 'challenger')
  assert.equal(game!.end!.kind, 'tile')
  assert.ok(votes.length >= 2 && votes.every(({ how }) => how === 'referee'), JSON.stringify(votes))
  const { output } = await told(link, 'output', 'not-recomputed')
  assert.equal(output.result, 'not-checked')
  assert.equal((await logOfBo())!.lost!.dispute === dispute.digest, false)
})

test('a dispute goes on when the host is moved', TIMES, async () => {
  await named('audrey').order({ lie: null })
  await named('bo').order({ lie: 'swapped' })
  const { dispute } = await disputed()
  await named('ada').kill()
  await step(async () => (await named('dee').summary()).host!.member !== 'ada', 'the host is moved')
  const { wrong, game } = await decided(dispute)
  assert.equal(wrong, 'defender')
  assert.equal(game!.end!.kind, 'tile')
  await named('ada').start()
})

test('a sealed receipt says the same offline, to a reader whose own copy is older', TIMES, async () => {
  const right = await toldOffline(honest, 'recomputed-exact')
  assert.deepEqual([right.model.basis, right.output.basis], ['recomputation', 'recomputation'])
  assert.match(right.output.sentence, /"audrey Ltd" \(audrey\) ran .* the same to the bit/)
  const wrong = await toldOffline(swapped, 'recomputed-otherwise')
  assert.deepEqual([wrong.model.result, wrong.output.result], ['fail', 'fail'])
  assert.equal(wrong.accountability.reason, 'operator-in-default')
})
