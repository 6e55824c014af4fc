/** A member's key is stolen; its owner revokes it with the recovery key. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '@answerable/core'
import { signerVkey } from '@answerable/core/note'
import { networkFromRegistry, type Receipt, type Verification, Verifier } from '@answerable/core/receipt'
import { registryPayload, type StatementSigner, signEnvelope } from '@answerable/core/registry'
import { noteSigner } from '../log/keys.ts'
import { nodeSuite } from '../log/suite.ts'
import { statementSigner } from '../registry/keyring.ts'
import { ask } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt } from './holder.ts'
import type { Member } from './member.ts'
import { digestOf, modelBody, type SharedNetwork } from './shared-network.ts'

export const stolenKey: Drill = {
  name: 'stolen-key',
  title: 'a member’s keys are stolen, and revoked',
  fault:
    'A thief has a member’s key and its log’s key, speaks for the member, and goes on when both are revoked.',
  payer: 'The member: what its key signed before the theft was noticed stands in its name.',
  appeal: 'What the thief stated is withdrawn by the owner, in statements of its own; nothing is struck out.',
  notShown: [
    'A thief who has the recovery key as well: it belongs on another machine, and nothing needs it here.',
    'Which signatures before the time given were the thief’s: that time is the owner’s word.',
    'A reader whose copy of the registry is older than the revocation: to it the key is good.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada, bo] = shared.members
    const recovery = (await bo.keys()).statements('recovery')
    const stolen = (await bo.keys()).statements('member')
    const logKey = bo.network!.gateway.options.signer
    const asThief = (kind: string, body: JsonObject, ...more: StatementSigner[]) =>
      signed(shared, kind, body, stolen, ...more)
    const honest = await ask(bo.url, { prompt: 'before the theft' })
    const isSeen = async (link: string) => recorded(ada, await fetchReceipt(link)).reason === 'witnessed'
    await scene.comes(() => isSeen(honest.link!))

    const first = asThief('model', modelBody('stolen'))
    if (scene.inject) {
      await ada.client.submit(first)
      findings.inject('a thief registered a model in bo’s name, with bo’s own key')
    }
    findings.notice(
      await scene.faultShows(() => bo.book.find(digestOf(first))?.effective === true),
      'bo, who reads what is stated in its name',
      `entry ${bo.book.find(digestOf(first))?.index}, a model that its publisher never made`,
    )
    const planted = newKey('bo/recovery')
    const grabs = [
      asThief('key', { keys: [{ purpose: 'recovery', key: signerVkey(planted) }] }, statementSigner(planted)),
      asThief('revocation', { key: recovery.keyid, since: new Date().toISOString(), reason: 'mine now' }),
    ]
    findings.now(
      ada.book.registry.check(grabs[0]!).rule === 'wrong-purpose' &&
        ada.book.registry.check(grabs[1]!).rule === 'wrong-purpose',
      'the thief cannot outlast the theft: a member key plants no recovery key, and revokes none (wrong-purpose)',
    )

    const renewed = newKey('bo/member')
    if (scene.inject)
      await revoke(shared, bo, recovery, [stolen.keyid, statementSigner(logKey).keyid], renewed)
    const second = asThief('model', modelBody('stolen-again'))
    const all = () => shared.running.every(({ book }) => book.registry.check(second).rule === 'key-revoked')
    const refused = (await scene.faultShows(all))
      ? await ada.client.submit(second).then(() => 'taken', String)
      : ''
    findings.notice(
      refused.includes('key-revoked'),
      'the host, and each of the four in its own copy',
      'the thief’s next statement is void: key-revoked',
    )
    const late = scene.inject ? await ask(bo.url, { prompt: 'after the revocation' }) : honest
    findings.notice(
      await scene.faultShows(
        async () => recorded(ada, await fetchReceipt(late.link!)).reason === 'key-revoked',
      ),
      'a reader with a copy of the registry',
      'a record that the log’s key signed after that time: recorded fails, key-revoked',
    )
    if (!scene.inject) return
    findings.after(
      await isSeen(honest.link!),
      'the record from before stands: a quorum had seen it, so no revocation can date it',
    )
    await putInPlace(bo, renewed)
    const { digest } = await bo.states('model', modelBody('own'))
    findings.after(
      await scene.comes(() => shared.outcome(digest)?.effective === true),
      'with another key, which the recovery key vouched for, bo speaks for itself again',
    )
  },
}

/** What a statement comes to that says to be of bo's, whoever makes it. */
function signed(
  shared: SharedNetwork,
  kind: string,
  body: JsonObject,
  ...signers: StatementSigner[]
): Uint8Array {
  return signEnvelope(
    registryPayload({ kind, network: shared.id, by: 'bo', time: Date.now(), body }),
    signers,
  )
}

/** The recovery key takes back what was stolen, as of now, and vouches for another key. */
async function revoke(
  shared: SharedNetwork,
  bo: Member,
  recovery: StatementSigner,
  keys: readonly string[],
  renewed: NewKey,
): Promise<void> {
  const { submitter } = bo.registry
  // What counts before that second was seen by a quorum in an earlier one.
  await new Promise(resolve => setTimeout(resolve, 1100))
  const body = { keys: [{ purpose: 'member', key: signerVkey(renewed) }] }
  await submitter.submit(signed(shared, 'key', body, recovery, statementSigner(renewed)))
  for (const key of keys) {
    const since = new Date().toISOString()
    await submitter.submit(signed(shared, 'revocation', { key, since, reason: 'stolen' }, recovery))
  }
}

/** The claim `recorded`, as somebody checks it who replayed the registry. */
function recorded(reader: Member, receipt: Receipt): Verification['claims']['recorded'] {
  const network = networkFromRegistry('drill', reader.state, nodeSuite)
  return new Verifier(nodeSuite, { networks: [network] }).verify(receipt).claims.recorded
}

type NewKey = ReturnType<typeof noteSigner> & { secret: KeyObject }

function newKey(name: string): NewKey {
  const secret = generateKeyPairSync('ed25519').privateKey
  return { ...noteSigner(name, secret), secret }
}

async function putInPlace(member: Member, { secret }: NewKey): Promise<void> {
  await member.stop()
  const pem = secret.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(join(member.folder, 'keys', 'member.pem'), pem, { mode: 0o600 })
  await member.start()
}
