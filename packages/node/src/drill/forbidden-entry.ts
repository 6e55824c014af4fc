/** A host puts into the log what the rules forbid. */
import { addSignature } from '@answerable/core/registry'
import type { Drill } from './drill.ts'
import { modelBody, type SharedNetwork } from './shared-network.ts'

export const forbiddenEntry: Drill = {
  name: 'forbidden-entry',
  title: 'the host logs what the rules forbid',
  fault:
    'The host of the registry signs entries into its log that the rules forbid, and asks for cosignatures.',
  payer: 'The host: the entries stand under its signature for good. They cost it nothing else yet.',
  appeal:
    'None is needed: a void entry changes nothing. Who meant it well states it anew as the rules have it.',
  notShown: [
    'A host that fills the log with void entries: the rate limits count statements that somebody signed, and not noise.',
    'Whether the rules are good ones: that is for the charter and both chambers.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada] = shared.members
    const others = shared.members.slice(1)
    const forbidden = await entries(shared)
    const before = ada.book.size
    if (scene.inject) {
      // Past its own door, where each would be refused: what the host writes is the log.
      await ada.book.append(forbidden.map(({ entry }) => entry))
      findings.inject(`ada, the host, wrote ${forbidden.length} forbidden entries into the log`)
    }
    for (const { what, rule, entry } of forbidden) {
      const found = () =>
        others.map(({ book }) =>
          Array.from({ length: book.size - before }, (_, i) => book.outcome(before + i)).find(
            one => one?.rule === rule,
          ),
        )
      const noticed = await scene.faultShows(() => found().every(one => one !== undefined))
      const [outcome] = found()
      const at = noticed ? await ada.book.entries(outcome!.index, 1) : []
      findings.notice(
        noticed && Buffer.compare(at[0]!, entry) === 0,
        'bo, cy and dee, each replaying',
        `entry ${outcome?.index}, ${what}: void, ${rule}`,
      )
    }
    findings.now(
      shared.members.every(
        ({ state }) => state.models.size === 0 && state.members.get('bo')!.roles.length === 3,
      ),
      'nothing changed for them: no model is registered, and no key revoked',
    )
    const refused = await Promise.all(forbidden.map(({ entry }) => ada.client.submit(entry).catch(String)))
    findings.now(
      refused.every((text, i) => String(text).includes(forbidden[i]!.rule)),
      'an honest host takes none of them: at its door each is refused by the name of its rule',
    )
    if (!scene.inject) return
    const end = ada.book.size
    const agreed = await shared.agree(scene, end)
    findings.after(
      agreed !== undefined,
      `all four came to one state: the same digest at ${agreed?.size} entries`,
    )
    findings.after(
      await scene.comes(() =>
        shared.members.every(({ state }) => state.digests.get(agreed?.size ?? 0)?.size === 4),
      ),
      'and all four validators signed that digest, each from its own replay',
    )
    findings.after(
      await scene.comes(() => others.every(({ official }) => official >= end)),
      'the log goes on under a quorum, with the void entries in it for all to see',
    )
  },
}

interface Forbidden {
  what: string
  rule: string
  entry: Uint8Array
}

async function entries(shared: SharedNetwork): Promise<Forbidden[]> {
  const [ada, bo] = shared.members
  const key = (await bo.keys()).statements('member').keyid
  const revocation = { key, since: new Date().toISOString(), reason: 'ada says so' }
  const own = await shared.statement(ada, 'revocation', revocation)
  const model = await shared.statement(bo, 'model', modelBody('bo-model'))
  // Bo's statement under bo's key's name, with a signature that ada made up.
  const forged = addSignature(model, { keyid: key, sign: () => new Uint8Array(64).fill(7) })
  return [
    { what: 'ada revoking bo’s key', rule: 'not-yours', entry: own },
    { what: 'a model in bo’s name that bo never signed', rule: 'bad-signature', entry: forged },
    { what: 'noise', rule: 'malformed-envelope', entry: Buffer.from('{"payload":"nothing"}') },
  ]
}
