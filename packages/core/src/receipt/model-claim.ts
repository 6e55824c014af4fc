/** The rule of the claim `model`: which weights answered, and on whose word. */
import type { SignedOutcome } from '../model/signed-model.ts'
import type { JsonObject } from '../shape.ts'
import { auditedModel } from './audited.ts'
import { type Facts, isObject, notStated, restsOn } from './claim-rules.ts'
import type { Claim } from './claims.ts'
import { measuredWeights } from './place.ts'
import type { Registered } from './registered.ts'
import { quoted } from './words.ts'

type Found = Omit<Claim, 'claim'>

export function model(facts: Facts): Claim {
  return restsOn('model', 'model', facts, value => {
    const upstream = isObject(value.runtime) && value.runtime.name === 'upstream'
    const name = quoted(value.name)
    const answered = quoted(value.answered)
    if (name === undefined && !(upstream && answered !== undefined))
      return notStated('The record opens, and names no model.', 'Which model answered.')
    if (upstream)
      return {
        result: 'pass',
        basis: 'assertion',
        reason: 'upstream-assertion',
        sentence: `The operator forwarded this to an upstream and asked for ${name ?? 'no model by name'}; the upstream ${answered === undefined ? 'does not say which model' : `says that ${answered}`} answered.`,
        notShown: 'It is the word of the upstream alone. Nobody checked which weights answered.',
      }
    const registered = facts.registered || undefined
    const stated = ofOwnModel(name!, value, facts.signedModel, registered)
    const found = stated.result === 'fail' ? stated : (measuredWeights(facts, value) ?? stated)
    return registered === undefined ? found : auditedModel(found, registered, fileOf(value))
  })
}

/** SHA-256 of the model's file, as the record has it. */
function fileOf({ manifest }: JsonObject): string | undefined {
  return isObject(manifest) && typeof manifest.sha256 === 'string' ? manifest.sha256 : undefined
}

/** A model that the operator ran itself, signed or not. */
function ofOwnModel(
  name: string,
  value: JsonObject,
  outcome: SignedOutcome | undefined,
  registered: Registered | undefined,
): Found {
  const file = short(fileOf(value))
  const signed = isObject(value.signed) ? value.signed : undefined
  const manifest = short(signed?.manifest)
  const signer = isObject(signed?.signer) ? short(signed.signer.key) : undefined
  const facts = [
    ...(file === undefined ? [] : [`file ${file}`]),
    ...(manifest === undefined ? [] : [`manifest ${manifest}`]),
    ...(signer === undefined ? [] : [`said to be signed by key ${signer}`]),
  ]
  const said = `The operator is on record as saying that ${name}${facts.length === 0 ? '' : ` (${facts.join(', ')})`} answered`
  if (typeof outcome === 'object') {
    const by = quoted(outcome.publisher.name) ?? 'A publisher whom you trust'
    return {
      result: 'pass',
      basis: 'signature',
      reason: 'signed-manifest',
      sentence: `${by} signed the manifest ${manifest}, which names the file ${file}. The operator is on record as saying that ${name}, from this file, answered.`,
      notShown:
        'That these weights computed this answer: that is the word of the operator. That the model is good, or fit for this use.',
    }
  }
  const wrong = outcome === undefined ? undefined : WRONG[outcome]
  if (wrong !== undefined) return { result: 'fail', basis: 'signature', ...wrong }
  const stated = registered?.model
  if (stated !== undefined) {
    const { record, publisher } = stated
    return {
      result: 'pass',
      basis: 'signature',
      reason: 'registered-model',
      sentence: `${quoted(publisher.name)} (${publisher.id}) stated ${quoted(`${record.name} ${record.version}`)} by its manifest ${manifest} in the registry of ${quoted(registered!.network)}. The operator is on record as saying that ${name}, from this manifest${file === undefined ? '' : ` and file ${file}`}, answered.`,
      notShown:
        'That the file is in that manifest, and that these weights computed this answer: that is the word of the operator. That the model is good, or fit for this use.',
    }
  }
  const unsigned =
    outcome === 'unknown-key'
      ? 'you trust nobody who signed the manifest'
      : 'its signature did not come along, so nobody checked who signed the manifest'
  return {
    result: 'pass',
    basis: 'assertion',
    reason: 'operator-assertion',
    sentence: `${said}.`,
    notShown: `It is the word of the operator alone. Nobody checked that these weights answered${signed === undefined ? '' : `; and ${unsigned}`}.`,
  }
}

const WRONG: Partial<Record<string, Pick<Claim, 'reason' | 'sentence' | 'notShown'>>> = {
  'other-file': {
    reason: 'model-signature-mismatch',
    sentence: 'The signature of the model that came along is not the one that was recorded.',
    notShown: 'Which side changed it.',
  },
  'other-model': {
    reason: 'manifest-mismatch',
    sentence: 'The signature that was recorded is not of the manifest that was recorded, or of another file.',
    notShown: 'Which weights answered, and why the record says so.',
  },
  'not-by-that-key': {
    reason: 'bad-model-signature',
    sentence: 'The record says that a publisher whom you trust signed the model, and that key did not.',
    notShown: 'Who signed it, and who forged or damaged the signature.',
  },
}

/** The beginning of a digest. */
function short(digest: unknown): string | undefined {
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? `${digest.slice(0, 16)}…` : undefined
}
