/** What a rule that forbids a statement means for whoever made it. The rule's name stays, for programs and the docs. */
import { plain } from './text.ts'

const WORDS: Record<string, string> = {
  'bad-signature': 'a signature is not good',
  'unknown-key': 'no registered key signed it',
  'key-expired': 'the key that signed it has expired',
  'key-revoked': 'the key that signed it was revoked',
  'member-not-active': 'the member is not active: not admitted yet, suspended, or gone',
  'wrong-role': 'the member does not have the role that this takes',
  'wrong-purpose': 'the key that signed it is for another purpose',
  'quorum-not-met': 'too few owners signed it',
  duplicate: 'the registry holds it already',
  stale: 'it is too old; make it again',
  'from-the-future': 'its time lies ahead of the registry’s; compare your clock',
  'rate-limit': 'this member has stated as much as it may in this epoch; try in the next',
  'name-taken': 'the name is taken, or an application for it is open',
  'key-taken': 'a key of it is registered already',
  'too-many': 'as many as may be are there already',
  'not-yours': 'it belongs to another member',
  'not-found': 'there is no such thing in the registry',
  'not-open': 'it is decided already, or has lapsed',
  'given-before': 'your owner group has said so already, or nothing depends on its word',
  'own-approval': 'nobody approves their own application',
  'last-of-its-kind': 'it is the last of its kind, and the network needs one',
  'wrong-host': 'this member hosts the registry; the host is moved first',
  'tick-off': 'the clock here is over a minute off the host’s',
  'unknown-rules': 'those rules are not the ones that come next',
  'out-of-bounds': 'a number is out of its bounds',
}

export function ruleWords(rule: string, detail?: string): string {
  const words = Object.hasOwn(WORDS, rule) ? WORDS[rule] : undefined
  const said = [words, detail && plain(detail)].filter(one => one !== undefined && one !== '').join('; ')
  return said === '' ? `the rule ${plain(rule)} forbids it` : `${said} (rule ${plain(rule)})`
}
