/** The commands about models: their signatures, and where they are kept, fetched and stated. */
import type { Command } from '../command.ts'

export const MODEL_COMMANDS: readonly Command[] = [
  {
    name: 'model sign',
    summary: 'sign a model: a file, or a folder of them',
    usage: `PATH --key FILE [--certificate FILE]... [-o FILE] [--json]

Writes a signature of the OpenSSF Model Signing form: model.sig in the
folder, or the file's name with .sig.

  --key FILE          a private key in PEM: ECDSA on P-256, P-384 or P-521
                      (or Ed25519, which the reference does not read)
  --certificate FILE  of the key first, then those that lead to a root
  --ignore PATH       leave this out of the model; once for each
  -o FILE             the signature file`,
    load: () => import('./model-sign.ts'),
  },
  {
    name: 'model check',
    summary: 'who signed a model, and whether its files are those signed',
    usage: `PATH [--signature FILE] [WHO] [--ignore-unsigned] [--json]

WHO must have signed is one of:
  --key FILE       a public key in PEM; may be given more than once
  --root FILE      certificates in PEM that the signer's must lead to, valid
                   now or --as-of T
  --sigstore FILE  Sigstore's trusted root, with --identity WHO --issuer URL
Without any of them, the publishers that you trust.

  --ignore-unsigned  let there be files that were not signed

Exits with 0 where the files are those signed, with 1 where they are not or
somebody else signed, and with 2 where the input is unusable.`,
    load: () => import('./model-check.ts'),
  },
  {
    name: 'model list',
    summary: 'the models in the store',
    usage: '[--store DIR] [--json]',
    load: () => import('./model-list.ts'),
  },
  {
    name: 'model show',
    summary: 'what a model says of itself: headers, licence, use, limits',
    usage: `PATH|NAME [--store DIR] [--json]

Reads ONNX, GGUF and safetensors headers, and the card (model.json).`,
    load: () => import('./model-show.ts'),
  },
  {
    name: 'model pull',
    summary: 'fetch a model that another node shares',
    usage: `URL [NAME] [WHO] [--store DIR] [--most GB] [--json]

WHO must have signed it, as in model check. What was cut off goes on where
it ended when this is run again.

  --store DIR    keep it there
  --most GB      take at most this much; 100 unless told
  --timeout S    how long nothing may come; 30 unless told`,
    load: () => import('./model-pull.ts'),
  },
  {
    name: 'model publish',
    summary: 'state a signed model in the registry, by its manifest',
    usage: `PATH [--signature FILE] [--card FILE] [--data DIR] [--json]

Signs with the member key of the data folder, whose member is a publisher.
The card (model.json) says name, version, licence, use and limits.`,
    load: () => import('./model-publish.ts'),
  },
]
