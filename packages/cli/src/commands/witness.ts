/** A witness by itself: cosigns the checkpoints of the logs that it is told of. */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { formatVkey, isKeyName, SIG_COSIGNATURE_ED25519 } from '@answerable/core/note'
import { loadKey, noteSigner } from '@answerable/node/log'
import { lockFolder, realDisk } from '@answerable/node/storage'
import { Witness, WitnessState, witnessApp } from '@answerable/node/witness'
import { expectPositionals, portOption, readArguments, required } from '../command.ts'
import { keyLines } from '../output/policy-words.ts'
import { bold, note, print } from '../output/style.ts'
import { count, labelled, plain } from '../output/text.ts'
import { serve } from '../serve.ts'
import { onStop, stopped } from '../stop.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    port: { type: 'string', default: '7072' },
    host: { type: 'string', default: '127.0.0.1' },
    name: { type: 'string' },
    log: { type: 'string', multiple: true, default: [] },
  })
  expectPositionals(positionals)
  const folder = required(values.data, '--data')
  const port = portOption(values.port)
  const signal = onStop()
  const unlock = lockFolder(folder)
  try {
    const name = await keyName(folder, values.name)
    const signer = noteSigner(name, await loadKey(realDisk, join(folder, 'key.pem')), SIG_COSIGNATURE_ED25519)
    const state = new WitnessState(join(folder, 'witness.sqlite'))
    try {
      const witness = new Witness({ state, cosigners: [signer], logs: values.log })
      const app = witnessApp(witness, {
        onError: error => note(`a fault of ours: ${(error as Error).message}`),
      })
      const server = await serve(request => app.fetch(request), values.host, port)
      print(bold(`witness at ${server.url}`), ...keyLines('key', signer.key.name, signer.key))
      print(`  ${formatVkey(signer.key)}`, ...labelled('logs', logWords(witness.logs())))
      await stopped(signal)
      await server.close()
    } finally {
      state.close()
    }
  } finally {
    unlock()
  }
  return 0
}

function logWords(vkeys: readonly string[]): string {
  const names = vkeys.map(vkey => plain(vkey.slice(0, vkey.indexOf('+'))))
  return names.length === 0
    ? 'none yet; give each with --log VKEY'
    : `${count(names.length, 'log')}: ${names.join(', ')}`
}

/** The name is part of every cosignature, so it is kept with the key and never changes. */
async function keyName(folder: string, given: string | undefined): Promise<string> {
  const path = join(folder, 'name')
  const kept = (await realDisk.readFile(path))?.toString().trim()
  if (kept !== undefined && given !== undefined && kept !== given)
    throw new AnswerableError(
      'bad-config',
      `this witness is named ${kept}; another name takes another --data`,
    )
  const name = kept ?? given
  if (name === undefined)
    throw new AnswerableError(
      'bad-request',
      '--name is missing: a new witness needs a name, such as example.org/witness',
    )
  if (!isKeyName(name))
    throw new AnswerableError('bad-request', '--name: no spaces, plus signs or control characters')
  if (kept === undefined) await realDisk.replace(path, Buffer.from(`${name}\n`))
  return name
}
