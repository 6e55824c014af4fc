/** The commands about images that evidence may be of: who approved them, and who took that back. */
import type { Command } from '../command.ts'

export const REFERENCE_COMMANDS: readonly Command[] = [
  {
    name: 'evidence approve',
    summary: 'state which measurements are of an image that you looked at',
    usage: `FILE | --format F --measurement NAME=VALUE... --image TEXT --role R [...]

FILE is a reference value as JSON (docs/evidence.md), or - for standard input.

  --format F             such as nitro, tdx, sev-snp, nvidia-gpu
  --measurement N=V      as evidence check shows it; may be repeated: all count
  --image TEXT           what it is, in words
  --role R               gateway: forwards to models elsewhere; model: answers
                         from weights of its own
  --weights DIGEST       of their manifest, where no others can be loaded
  --weights-by HOW       dm-verity or manifest-digest
  --source URL           where the source is
  --reproducible         anyone can build the same from it
  --bundle FILE          a Sigstore bundle over the image, by its SHA-256
  --data DIR             the member's data folder
  --json                 one JSON object`,
    load: () => import('./evidence-approve.ts'),
  },
  {
    name: 'evidence revoke',
    summary: 'take an approval back, or with other validators everybody’s',
    usage: `ID --since T --reason TEXT [--together FILE] [--data DIR] [--json]

ID is an image's, or its first eight digits or more, as evidence list shows it.

  --since T        evidence of it does not count from then on
  --reason TEXT    for the record
  --together FILE  as a validator: begins a revocation for everybody in FILE, or
                   adds this one's signature to it. It goes to the host once a
                   quorum of the validators' owners has signed`,
    load: () => import('./evidence-revoke.ts'),
  },
  {
    name: 'evidence list',
    summary: 'approved images: by whom, since when, and whether they stand',
    usage: `[--data DIR | --url URL] [--json]

  --data DIR   the member's data folder
  --url URL    any member's address, for those who are none
  --json       one JSON object`,
    load: () => import('./evidence-list.ts'),
  },
]
