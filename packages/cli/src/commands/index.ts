/** All commands, in the order in which the help lists them. */
import type { Command } from '../command.ts'
import { EVIDENCE_COMMANDS } from './evidence-commands.ts'
import { MODEL_COMMANDS } from './model-commands.ts'
import { NETWORK_COMMANDS } from './network-commands.ts'
import { REFERENCE_COMMANDS } from './reference-commands.ts'

export const COMMANDS: readonly Command[] = [
  {
    name: 'start',
    summary: 'run a member: gateway, models, witnesses, registry',
    usage: `[--port N] [--data DIR] [--config FILE] [--chat NAME] [...]

Runs what a data folder is in one process, by default at
http://127.0.0.1:7070, and prints how to use it: a member of a network that it
created or joined, or else a network of your own.

  --port N       listen there; 0 picks a free port
  --data DIR     keep everything in DIR
  --config FILE  the gateway's configuration, with upstreams and keys;
                 config.json of the data folder unless told
  --chat NAME    agree to chat by openai (with OPENAI_API_KEY) or by ollama (on
                 this machine) without being asked; none asks about neither
  --gguf FILE    chat by a model of your own
  --example-evidence
                 show what evidence of hardware looks like, checked: a
                 recorded document, or simulated ones that say so. This node
                 has none by that`,
    load: () => import('./start.ts'),
  },
  {
    name: 'gateway',
    summary: 'run a gateway from a configuration file',
    usage: `[--config FILE] [--data DIR] [--port N]

The same as start, for a supervisor to run.`,
    load: () => import('./gateway.ts'),
  },
  {
    name: 'witness',
    summary: 'run a witness for other people’s logs',
    usage: `--data DIR --name NAME [--port N] [--host H] [--log VKEY]...

Cosigns the checkpoints of these logs (C2SP tlog-witness).

  --data DIR   its key and its memory, which must never go back to a copy
  --name NAME  the name of its key, given once, such as example.org/witness
  --log VKEY   the key of a log, as its /vkey has it; once for each
  --host H     listen there; 127.0.0.1 unless told
  --port N     7072 unless told; 0 picks a free port`,
    load: () => import('./witness.ts'),
  },
  {
    name: 'proxy',
    summary: 'a loopback endpoint that checks the receipt of every answer',
    usage: `--target URL [--port N] [--strict] [--keep DIR] [--json]

Point any client at it, in any language: it passes calls on to a gateway,
checks each answer against its receipt, keeps the receipt, and refuses an
answer without one.

  --target URL  the gateway
  --port N      7071 unless told; 0 picks a free port
  --strict      hold each answer until it is checked
  --keep DIR    keep receipts in DIR
  --json        one JSON object a line`,
    load: () => import('./proxy.ts'),
  },
  {
    name: 'verify',
    summary: 'check a receipt: six claims, and what they do not show',
    usage: `FILE [--request F] [--response F] [--as-of T] [--policy F]
              [--linked F]... [--collateral F]... [--key F]
              [--attestation F] [--nonce N] [--json]

FILE is a receipt, or - for standard input. Receipts of other systems are
known by their fields: an OpenGradient TEE gateway's response, a receipt of
ACI/1 (Phala), and a NEAR AI signature.

  --request F    the bytes that you sent, to compare with the record
  --response F   the bytes that you got
  --as-of T      count only cosignatures up to T, such as 2026-01-31
  --policy F     what you require: a JSON policy, or a tlog-policy to trust
  --linked F     the receipt of an opinion that FILE links to; may be repeated
  --collateral F what a vendor says of hardware, beside what came along
  --key F        of other systems: the key, keyset or address that signed
  --attestation F  of other systems: evidence of where that key is
  --nonce N      with which that evidence was asked for
  --json         one JSON object

Exits with 0 where your policy is met, with 1 where a claim fails or a
required one is not checked, and with 2 where the input is unusable.`,
    load: () => import('./verify.ts'),
  },
  {
    name: 'receipt get',
    summary: 'fetch a receipt by its URL',
    usage: `URL [-o FILE] [--linked]

URL is the Answerable-Receipt-Url of an answer. The secret after # opens
what was asked and answered; without it you get the public part and proof.

  --linked       also the receipts of the opinions that it links to, beside
                 FILE: receipt.json, receipt.1.json, receipt.2.json`,
    load: () => import('./receipt-get.ts'),
  },
  {
    name: 'receipt open',
    summary: 'show what a receipt discloses, after checking it',
    usage: `FILE

FILE is a receipt, or - for standard input.`,
    load: () => import('./receipt-open.ts'),
  },
  {
    name: 'receipt export',
    summary: 'a copy of a receipt that discloses less',
    usage: `FILE -o FILE2 [--only NAMES] [--no-content]

  --only NAMES   of request, response, model, sampling, parties, with commas
                 between; none for the public part alone
  --no-content   leave out the bytes of request and response`,
    load: () => import('./receipt-export.ts'),
  },
  {
    name: 'trust add',
    summary: 'trust the network at a URL, after comparing its fingerprints',
    usage: `URL [--yes] [--name NAME] [--timeout SECONDS]

Shows whose keys the network has, and asks. --yes answers for a network
that is new to you; it never answers for one whose keys have changed.`,
    load: () => import('./trust-add.ts'),
  },
  {
    name: 'trust update',
    summary: 'follow a trusted network: new members, keys and hosts',
    usage: `NAME [URL] [--yes] [--json]

Replays its registry from URL, or from any member that is known, shows what
changes, and writes what you trust anew. It must begin with the charter that
you agreed to, and continue what was kept before.`,
    load: () => import('./trust-update.ts'),
  },
  {
    name: 'trust publisher',
    summary: 'trust the key of a publisher of models',
    usage: `KEY --name NAME [--yes] | --remove --name NAME

KEY is a public key in PEM: ECDSA on P-256, P-384 or P-521, or Ed25519. What
it signed then counts in model check and verify.`,
    load: () => import('./trust-publisher.ts'),
  },
  {
    name: 'trust list',
    summary: 'the networks and publishers that you trust',
    usage: '[--json]',
    load: () => import('./trust-list.ts'),
  },
  {
    name: 'trust remove',
    summary: 'trust a network no longer',
    usage: 'NAME',
    load: () => import('./trust-remove.ts'),
  },
  ...EVIDENCE_COMMANDS,
  ...NETWORK_COMMANDS,
  ...REFERENCE_COMMANDS,
  {
    name: 'trust revoke',
    summary: 'count a key of a trusted network no longer',
    usage: `NAME KEY [--since T] [--json]

KEY is a log's or witness's name, fingerprint or vkey in the network NAME.

  --since T  from when on, such as 2026-01-31; from now on unless told
  --json     one JSON object

Of a log, what a quorum cosigned before T stays good; of a witness, what a
whole quorum cosigned before T.`,
    load: () => import('./trust-revoke.ts'),
  },
  ...MODEL_COMMANDS,
  {
    name: 'challenge',
    summary: 'ask an operator through the registry for what its log signed',
    usage: `RECEIPT [--type consistency|availability] [--data DIR] [--json]

Nothing of what was asked or answered goes into the registry: the log's own
proof of the record, and the record's public id. Silence loses.

  --type consistency    the record is under no checkpoint that a quorum saw
  --type availability   the operator does not give the record out`,
    load: () => import('./challenge.ts'),
  },
  {
    name: 'audit',
    summary: 'run a record again, and compare',
    usage: `RECEIPT [--model FILE]... [--store FOLDER]... [-o REPORT] [--json]

RECEIPT is one that opens what was asked and answered. The model that it names
is run again as it was configured, and what comes out is compared with what was
answered: exact, consistent (within a stated bound) or inconsistent.

  --model FILE     where the model's file may lie; its digest decides
  --store FOLDER   a store of models; that of model pull is looked into anyway
  -o REPORT        the report as JSON; it holds counts, and no content
  --json           one JSON object

Exits with 0 where it is exact or consistent, with 1 where it is not, or is
not what was recorded, and with 2 where it could not be run.`,
    load: () => import('./audit.ts'),
  },
  {
    name: 'audit status',
    summary: 'what an auditor has before it, and what it found',
    usage: `[--data DIR] [--json]

Of the auditor whose data folder it is.`,
    load: () => import('./audit-status.ts'),
  },
  {
    name: 'compare',
    summary: 'are two models the same? By what they answer',
    usage: `A B [--samples N] [--level L] [--out FILE] [OPTIONS] [--json]

A and B are each URL#MODEL of an OpenAI-compatible API (the base, such as
http://127.0.0.1:7070#tiny), MEMBER/NODE#MODEL of a gateway in the registry of
a network that you trust, or a GGUF file to run here (npm run llama).

Asks both the same prompts, in random order, and stops as soon as they are
told apart at the level, which bounds the share of false alarms however often
one looks. That they were not told apart does not show that they are the same.

  --samples N       pairs of answers at most; 200 unless told
  --level L         0.01 unless told
  --max-tokens N    of each answer; 24 unless told
  --temperature T   1 unless told; --top-p P, 1 unless told
  --prompts FILE    one a line, or a JSON array; 12 neutral ones unless told
  --completions     prompts are text to go on from, not messages
  --parallel N      pairs under way at once; 4 unless told
  --key-a VARIABLE  the environment variable with the API key of A; --key-b
  --network NAME    the trusted network that has the node
  --timeout S       of each call; 60 unless told
  --no-seed         name no seed in calls
  --tokens          hold greedy answers of A against B, a GGUF file that you
                    trust, token by token; one answer to each prompt, of 64
                    tokens unless told
  --mismatches Q    the share of tokens at which an honest A may part with B;
                    0.01 unless told
  --margin M        how far off the scores of B a token may be; 0.05 unless
                    told, and 0.5 where the weights of B are quantised
  --out FILE        an HTML report with a picture
  --keep-samples F  write what was asked and answered to F; nothing unless told
  --state           state it in the registry, as the auditor of --data DIR
  --json            the body of the statement

Exits with 0 where they were not told apart, with 1 where they were, and with
2 where it could not be looked at.`,
    load: () => import('./compare.ts'),
  },
  {
    name: 'log check',
    summary: 'audit a whole log: every entry, every hash, its history',
    usage: `URL|FOLDER [--from FILE] [--vkey VKEY] [--timeout SECONDS] [--json]

A FOLDER is a gateway's data folder; its records are checked as well.

  --from FILE  a checkpoint from elsewhere that the log must continue
  --vkey VKEY  the log's key, where no trusted network has it

Exits with 0 where the log is whole, with 1 where it is not, and with 2
where it cannot be looked at.`,
    load: () => import('./log-check.ts'),
  },
  {
    name: 'log watch',
    summary: 'follow a log, and shout when it parts with its past',
    usage: `URL [--interval SECONDS] [--vkey VKEY] [--timeout SECONDS]

Exits with 1 at a fork, with both signed checkpoints kept as evidence.`,
    load: () => import('./log-watch.ts'),
  },
  {
    name: 'keys new',
    summary: 'a new key for callers of a gateway',
    usage: `[--deployer NAME] [--json]

Prints the key once, and the lines for the gateway's configuration.`,
    load: () => import('./keys-new.ts'),
  },
  {
    name: 'keys show',
    summary: 'the public keys of a data folder, with fingerprints',
    usage: '[--data DIR] [--json]',
    load: () => import('./keys-show.ts'),
  },
  {
    name: 'index rebuild',
    summary: 'make the index of records again from the log',
    usage: `--data DIR

Refuses while a gateway runs in DIR.`,
    load: () => import('./index-rebuild.ts'),
  },
  {
    name: 'erase',
    summary: 'erase the content of records, on record',
    usage: `ID|--before DATE --data DIR [--config FILE]

The record and its proof stay; what was asked and answered goes, and that it
went is itself recorded. Refused under legal hold, while an audit may still
draw the record, and while a gateway runs in DIR (ask that one).`,
    load: () => import('./erase.ts'),
  },
  {
    name: 'hold',
    summary: 'put records on legal hold, on record',
    usage: `ID|RANGE --data DIR [--reason WORD] [--config FILE] [--json]

RANGE is an index in the log or two, 12 or 12-40, both meant. Nobody erases
what is on hold before its release (hold release); hold list shows it. Refused
while a gateway runs in DIR.

  --reason WORD  legal, unless told, or request: someone asks that it be kept
  --json         one JSON object`,
    load: () => import('./hold.ts'),
  },
  {
    name: 'hold release',
    summary: 'release records from their hold, on record',
    usage: `ID|RANGE --data DIR [--reason WORD] [--config FILE] [--json]

As hold has it. A part of what is on hold can be released.`,
    load: () => import('./hold-release.ts'),
  },
  {
    name: 'hold list',
    summary: 'what is on hold in a data folder',
    usage: '--data DIR [--config FILE] [--json]',
    load: () => import('./hold-list.ts'),
  },
  {
    name: 'drill',
    summary: 'inject a fault into a throwaway network, and see who notices',
    usage: `[NAME]... [--list] [--json]

Runs the drills named, or all. Exits with 1 where a fault went unnoticed.`,
    load: () => import('./drill.ts'),
  },
]
