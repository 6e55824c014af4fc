/**
 * The playbook: what can go wrong, who notices, and what follows. docs/playbook.md shows the same table; a fault with a
 * drill is injected for real by `answerable drill`.
 */

export interface Play {
  readonly fault: string
  readonly noticedBy: string
  readonly consequence: string
  /** The step of the plan since when this holds; `later` where it is not built yet and its step is not set. */
  readonly since: number | 'later'
  /** The name of its drill, where it has one. */
  readonly drill?: string
}

export const PLAYBOOK: readonly Play[] = [
  {
    fault: 'receipt or log entry altered',
    noticedBy: 'anyone’s `verify`; the node’s own start, and its gateway when it is asked for the record',
    consequence: 'the claim named fails; nothing else is trusted from it',
    since: 1,
    drill: 'flipped-byte',
  },
  {
    fault: 'log forked',
    noticedBy: 'witnesses, monitors, anyone who compares two receipts',
    consequence:
      'proof: two roots at one size, or two leaves proven at one index; the log is halted; the operator is suspended and its bond slashed by rule, once there are rules',
    since: 1,
    drill: 'forked-log',
  },
  {
    fault: 'log rolled back: a data folder from an old copy',
    noticedBy: 'witnesses, asked at every start',
    consequence:
      'a new log continues, bound to the last witnessed checkpoint; receipts of the lost end still check from their holders’ copies',
    since: 1,
    drill: 'restored-snapshot',
  },
  {
    fault: 'process killed in the middle of a commit',
    noticedBy: 'callers whose connections break',
    consequence: 'nothing acknowledged is lost; the same tree goes on, or the start refuses',
    since: 1,
    drill: 'kill-in-commit',
  },
  {
    fault: 'an answer without a receipt',
    noticedBy: 'client library, local proxy',
    consequence: 'refused; complaint with the bytes and the promise kept',
    since: 1,
    drill: 'no-receipt',
  },
  {
    fault: 'a stream cut off',
    noticedBy: 'the caller, whose connection breaks; the gateway, or its next start',
    consequence:
      'recorded as interrupted, with how far it got where the gateway lived; the promise proves its beginning',
    since: 1,
    drill: 'stream-cut-off',
  },
  {
    fault: 'witnesses down',
    noticedBy: 'monitors, every reader',
    consequence: 'answers go on, receipts stay `committed` and catch up; nothing acknowledged is lost',
    since: 1,
    drill: 'dead-witnesses',
  },
  {
    fault: 'registry or chain down',
    noticedBy: 'monitors',
    consequence: 'answers go on; clocks stop until a quorum is back',
    since: 2,
  },
  {
    fault: 'a forbidden registry entry',
    noticedBy: 'everyone who replays',
    consequence: 'void by the rule’s name; it changes nothing, and stays as evidence',
    since: 2,
    drill: 'forbidden-entry',
  },
  {
    fault: 'a validator signs a wrong state digest, or two for one size',
    noticedBy: 'everyone who replays',
    consequence: 'void by the rule’s name; its own signatures are the evidence',
    since: 2,
    drill: 'wrong-state-digest',
  },
  {
    fault: 'the host leaves a statement out',
    noticedBy: 'validators, by the deadline of a hand-in',
    consequence: 'host moved; the statement gets in',
    since: 2,
    drill: 'censoring-host',
  },
  {
    fault: 'the host is silent or gone',
    noticedBy: 'validators',
    consequence:
      'host moved; what it acknowledged is brought again by its authors, or by itself when it is back',
    since: 2,
    drill: 'silent-host',
  },
  {
    fault: 'two statements that contradict each other, handed to two validators',
    noticedBy: 'everyone who replays',
    consequence: 'the first in the log is effective, the other void by the rule’s name, the same everywhere',
    since: 2,
    drill: 'conflicting-hand-ins',
  },
  {
    fault: 'a validator is down and behind',
    noticedBy: 'the host; everyone, by its ticks',
    consequence: 'a quorum of the others goes on; it catches up, and its missed reveals count',
    since: 2,
    drill: 'late-validator',
  },
  {
    fault: 'a member’s key is stolen',
    noticedBy: 'the member, by what is stated in its name',
    consequence:
      'revoked with the recovery key; what it signs from then on is void, and records that no quorum saw before fail',
    since: 2,
    drill: 'stolen-key',
  },
  {
    fault: 'the rules change while the network runs',
    noticedBy: 'everyone who replays',
    consequence: 'each entry is judged by the rules of its size; the same state for all',
    since: 2,
    drill: 'rules-change',
  },
  {
    fault: 'a record dated back, or kept from the witnesses',
    noticedBy: 'readers, by its interval; its caller, who has a signed record that no quorum saw',
    consequence: 'it counts as no older than its first quorum; consistency challenge, in which silence loses',
    since: 2,
    drill: 'backdated-record',
  },
  {
    fault: 'capture of seats, fees or work by one owner',
    noticedBy: 'concentration report',
    consequence: 'caps bind in the rules; routing and panels skip what is over',
    since: 'later',
  },
  {
    fault: 'another model, or other parameters, than claimed',
    noticedBy: 'auditor’s re-run, or statistics over many answers',
    consequence: 'dispute; bisection to where the two part; referee recomputes that',
    since: 3,
    drill: 'swapped-model',
  },
  {
    fault: 'a coarser version of the model than is on record',
    noticedBy: 'auditor’s re-run: the first token, or the first number, at which both part',
    consequence:
      'dispute; for a graph as above, for a language model drawn validators run the record themselves, and convict only beyond a calibrated margin',
    since: 3,
    drill: 'coarser-quantisation',
  },
  {
    fault: 'sampled otherwise than on record',
    noticedBy: 'auditor’s re-run with the recorded parameters and seed',
    consequence: 'dispute; drawn validators run the record themselves',
    since: 3,
    drill: 'changed-sampling',
  },
  {
    fault: 'an answer drawn by a seed of the operator’s choice',
    noticedBy: 'auditor’s re-run: the seed follows from the record’s beginning',
    consequence: 'dispute; drawn validators run the record themselves',
    since: 3,
    drill: 'shopped-seed',
  },
  {
    fault: 'two honest runtimes differ in the last bits',
    noticedBy: 'auditor’s re-run, which names the difference of the setting first',
    consequence: '`consistent`, within a stated bound; no dispute, and a reader is told how close',
    since: 3,
    drill: 'honest-runtimes',
  },
  {
    fault: 'record withheld',
    noticedBy: 'auditor or complainant',
    consequence:
      'challenge answered through validators drawn by the beacon, who sign whether it opens; silence loses',
    since: 3,
    drill: 'withheld-record',
  },
  {
    fault: 'an operator opens something else than it recorded',
    noticedBy: 'auditor, who holds it against the log’s own entry',
    consequence:
      'the signed opening is kept as evidence; challenge at once, in which the record itself or silence decides',
    since: 3,
    drill: 'wrong-opening',
  },
  {
    fault: 'auditor is the one who is wrong',
    noticedBy: 'the same bisection',
    consequence: 'the auditor bears the cost',
    since: 3,
    drill: 'lying-auditor',
  },
  {
    fault: 'a move in a dispute is late, or out of turn',
    noticedBy: 'everyone who replays, by the registry’s clock',
    consequence: 'a side whose time passes loses; a move out of turn is void by the rule’s name',
    since: 3,
    drill: 'late-moves',
  },
  {
    fault: 'an auditor asks for more than can be answered',
    noticedBy: 'the operator’s gateway; everyone who replays',
    consequence:
      'refused beyond a share (`too-many-requests`, `too-many`); callers are answered on; the disputes it does not play it loses',
    since: 3,
    drill: 'flooding-auditor',
  },
  {
    fault: 'two models disagree on a decision',
    noticedBy: 'second-opinion policy; whoever reads the receipt',
    consequence:
      'the dissent is recorded beside the answer; by policy that is all, a named person decides, or no answer goes out',
    since: 3,
    drill: 'dissenting-models',
  },
  {
    fault: 'evidence wrong, debug-mode, out of date',
    noticedBy:
      'the node’s own process, as it attests; validators’ appraisals in the registry; anyone’s `verify`, over the receipt’s interval',
    consequence:
      '`place` fails or is not-checked, with the reason; attested anew, later records name the new evidence',
    since: 4,
    drill: 'debug-mode-evidence',
  },
  {
    fault: 'a platform revoked by its vendor, and a record dated back before that',
    noticedBy:
      'readers with the vendor’s newest list, by the record’s interval; the node’s own renewal; validators’ appraisals',
    consequence:
      '`place` fails from the revocation on, whatever the record says; receipts of records that a quorum saw before it still pass',
    since: 4,
    drill: 'revoked-platform',
  },
  {
    fault: 'evidence of a GPU that is another machine’s',
    noticedBy:
      'the node’s own process, which states no such thing; validators’ appraisals; anyone’s `verify`',
    consequence:
      '`place` fails as a whole: nothing counts of a document with a part that is not of this node',
    since: 4,
    drill: 'unbound-gpu',
  },
  {
    fault: 'an image revoked that was approved before',
    noticedBy: 'anyone’s `verify`, with the registry’s records',
    consequence:
      '`place` fails for records from then on, and not for those before; what a quorum of validators revoked, nobody approves again',
    since: 4,
    drill: 'revoked-measurement',
  },
  {
    fault: 'what a vendor says of a platform is missing',
    noticedBy: 'the node’s own process; validators’ appraisals; anyone’s `verify`',
    consequence:
      '`place` is not-checked, and no pass; with the vendor’s answers, from the operator later or from the reader’s own archive, the same receipt passes',
    since: 4,
    drill: 'missing-collateral',
  },
  {
    fault: 'two verifiers disagree on the same evidence',
    noticedBy: 'both results are logged; the receipt names who finds otherwise',
    consequence:
      '`contested`, with both reasons; the reader’s own check decides for the reader; never averaged',
    since: 4,
    drill: 'disagreeing-appraisals',
  },
  {
    fault: 'all correct, and still a terrible decision',
    noticedBy: 'affected person, outcome reports',
    consequence:
      'the executor is not punished for correct execution; deployer and publisher answer by the terms in the receipt; panel; remedy (`ordered`, `paid` or `unfunded`, said plainly)',
    since: 'later',
  },
  {
    fault: 'overcharge',
    noticedBy: 'ledger replay',
    consequence: 'refund',
    since: 'later',
  },
]
