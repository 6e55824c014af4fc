/** The commands about a network of many: its members, its registry, its nodes. */
import type { Command } from '../command.ts'

const WHERE = `  --data DIR   the member's data folder
  --url URL    any member's address, for those who are none
  --json       one JSON object`

const MEMBER = `  --member ID          lower-case, such as bo.example
  --organisation NAME  what it is called; the ID unless told
  --group NAME         the owner group; the ID unless told. Those under one
                       owner's control share one, and quorums count groups
  --roles LIST         of operator, publisher, validator, auditor, deployer
  --jurisdiction CC    a country, as in ISO 3166-1; ZZ says none
  --hosting NAME       who runs the machines; own unless told
  --evidence FILE      of a legal entity: its SHA-256 goes on record
  --witnesses N        how many to run; 1 unless told
  --url URL            where others reach this member
  --listen HOST:PORT   listen there for others; calls stay on loopback
  --port N             for this machine's own calls; 7070 unless told
  --data DIR           keep everything in DIR
  --json               one JSON object`

export const NETWORK_COMMANDS: readonly Command[] = [
  {
    name: 'network create',
    summary: 'found a network that others can join',
    usage: `--name NAME --member ID [...]

Makes this member's keys and the network's terms in a data folder. The
charter is signed when it is first started.

  --name NAME          what the network is called
  --waiting PERIOD     from approval until a member is in; 24h unless told
  --tick PERIOD        how often validators state the time; 60s unless told
  --epoch PERIOD       of anchors and the beacon; 1h unless told
  --terms FILE         other terms, as JSON (docs/network.md)
${MEMBER}`,
    load: () => import('./network-create.ts'),
  },
  {
    name: 'network invite',
    summary: 'an invitation for one applicant',
    usage: `[--hours N] [--data DIR] [--json]

Prints one line, to be sent by a way that only the applicant reads. It lets
them be heard; who gets in, both chambers decide.

  --hours N    good for so long; 24 unless told`,
    load: () => import('./network-invite.ts'),
  },
  {
    name: 'network amend',
    summary: 'propose other terms, or the next version of the rules',
    usage: `[--terms FILE] [--next-rules] [--after N] [--data DIR] [--json]

Both chambers decide: more than half of the owner groups of each.

  --terms FILE   the terms that change, as JSON (docs/network.md)
  --next-rules   the version of the rules after the present one
  --after N      from so many entries on from now; 1000 unless told`,
    load: () => import('./network-amend.ts'),
  },
  {
    name: 'network join',
    summary: 'apply to a network, by an invitation',
    usage: `INVITATION --member ID [...]

Replays the network's whole registry, shows what it is and who is in it, and
asks. Then it makes keys and applies. Run again, it goes on where it was.

  --yes                do not ask
${MEMBER}`,
    load: () => import('./network-join.ts'),
  },
  {
    name: 'network status',
    summary: 'host, owners, quorum, time, epoch, validators, who waits',
    usage: `[--data DIR | --url URL] [--json]

${WHERE}`,
    load: () => import('./network-status.ts'),
  },
  {
    name: 'network leave',
    summary: 'leave a network, for good',
    usage: '[--data DIR] [--yes] [--json]',
    load: () => import('./network-leave.ts'),
  },
  {
    name: 'member list',
    summary: 'the members of a network',
    usage: `[--data DIR | --url URL] [--json]

${WHERE}`,
    load: () => import('./member-list.ts'),
  },
  {
    name: 'member show',
    summary: 'one member: its keys, nodes, logs, application',
    usage: `ID [--data DIR | --url URL] [--json]

${WHERE}`,
    load: () => import('./member-show.ts'),
  },
  {
    name: 'member approve',
    summary: 'say yes to an application or a proposal',
    usage: `ID|DIGEST [--data DIR] [--json]

Counts for your owner group, in the chambers that it sits in. More than half
of the groups of each chamber decide.`,
    load: () => import('./member-approve.ts'),
  },
  {
    name: 'member propose-removal',
    summary: 'propose that a member be removed',
    usage: 'ID [--data DIR] [--json]',
    load: () => import('./member-propose-removal.ts'),
  },
  {
    name: 'member propose-reinstatement',
    summary: 'propose that one who was suspended be active',
    usage: 'ID [--data DIR] [--json]',
    load: () => import('./member-propose-reinstatement.ts'),
  },
  {
    name: 'member key',
    summary: 'add or revoke a key of this member',
    usage: `add --purpose P | revoke KEY [--reason R] [--since T] [...]

  --purpose P      member, recovery, validator or witness
  --reason R       for the record, such as stolen; rotated unless told
  --since T        what it signed from then on does not count; now unless told
  --recovery FILE  sign with the recovery key, from where it is kept
  --data DIR       the member's data folder
  --json           one JSON object

To rotate a key: add another, start the process again, revoke the old one.`,
    load: () => import('./member-key.ts'),
  },
  {
    name: 'member update',
    summary: 'say anew who this member is',
    usage: `[--organisation N] [--jurisdiction CC] [--hosting N] [--roles LIST] [...]

  --group NAME  like --roles, takes the approval of both chambers
  --data DIR    the member's data folder
  --json        one JSON object`,
    load: () => import('./member-update.ts'),
  },
  {
    name: 'registry check',
    summary: 'replay a whole registry, from any mirror',
    usage: `URL|[--data DIR] [--network DIGEST] [--json]

Folds every entry by the rules, and compares the tree, the host's signature,
the quorum's, and the states that validators signed.

  --network DIGEST  of the charter that it must begin with

Exits with 0 where the registry is whole, with 1 where it is not, and with 2
where it cannot be looked at.`,
    load: () => import('./registry-check.ts'),
  },
  {
    name: 'registry show',
    summary: 'what a registry holds',
    usage: `[COLLECTION|INDEX|DIGEST] [--data DIR | --url URL] [--json]

COLLECTION is members, keys, hosts, applications, proposals, models, nodes,
logs, handIns, chains, epochs, challenges, findings, disputes, comparisons,
evidence or references.

${WHERE}`,
    load: () => import('./registry-show.ts'),
  },
  {
    name: 'registry submit',
    summary: 'bring a signed statement to the host',
    usage: `FILE [--to URL] [--hand-in] [--data DIR] [--json]

FILE is an envelope, or - for standard input.

  --to URL   to this member, rather than to the host
  --hand-in  to a validator, which stamps it: the host then has a deadline`,
    load: () => import('./registry-submit.ts'),
  },
  {
    name: 'node show',
    summary: 'what the registry holds of this member’s nodes',
    usage: '[--data DIR] [--json]',
    load: () => import('./node-show.ts'),
  },
  {
    name: 'node register',
    summary: 'have the running process state its node now',
    usage: `[--data DIR] [--json]

A process does so by itself; this says what is missing. Exits with 1 where the
registry holds no node of it.`,
    load: () => import('./node-register.ts'),
  },
  {
    name: 'node attest',
    summary: 'have the running process make evidence of its hardware',
    usage: `[--data DIR] [--json]

Asks the attesters of its configuration (docs/attesting.md), fetches what
vendors say of the platform, and states both in the registry; from then on
records name it. A process does so by itself at its start.

Exits with 1 where the node's own check finds the policy not met.`,
    load: () => import('./node-attest.ts'),
  },
  {
    name: 'node refresh',
    summary: 'fetch anew what vendors say of a node’s hardware',
    usage: `[--data DIR] [--json]

For the evidence that there is. A process does so by itself before what it
has grows old.`,
    load: () => import('./node-refresh.ts'),
  },
]
