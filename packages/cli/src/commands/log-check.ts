/** Auditing a whole log: at a URL, or in a gateway's data folder. */
import { existsSync } from 'node:fs'
import { errorCode, toHex } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { parseCheckpoint } from '@answerable/core/tlog'
import { type CheckOptions, checkLog, type LogCheck } from '../audit/check.ts'
import { FolderSource } from '../audit/folder-source.ts'
import { findHttpLog } from '../audit/http-source.ts'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { openDataFolder } from '../data-folder.ts'
import { report } from '../failure.ts'
import { readUrl } from '../http.ts'
import { inFile, readInput } from '../input.ts'
import { checkLines } from '../output/log-check.ts'
import { print, printJson } from '../output/style.ts'

export async function run(args: string[]): Promise<number> {
  try {
    return await check(args)
  } catch (error) {
    // A checkpoint that the log's key did not sign is a finding about the log, not unusable input.
    if (errorCode(error) !== 'bad-signature') throw error
    report(error, { json: args.includes('--json') })
    return 1
  }
}

async function check(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    from: { type: 'string' },
    vkey: { type: 'string' },
    timeout: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  })
  const [where] = expectPositionals(positionals, 'URL or FOLDER')
  const options: CheckOptions = {}
  if (values.vkey !== undefined) options.vkey = values.vkey
  const { from } = values
  if (from !== undefined) {
    const note = await readInput(from, 1 << 20)
    inFile(from, () => parseCheckpoint(parseNote(note).text))
    options.from = { note, where: from }
  }
  const checks: LogCheck[] = []
  if (/^https?:\/\//.test(where) || !existsSync(where)) {
    const timeoutMs = numberOption(values.timeout, '--timeout', 0.1, 600) * 1000
    checks.push(await checkLog(await findHttpLog(readUrl(where), { timeoutMs }), options))
  } else {
    for (const log of openDataFolder(where).logs) {
      const source = new FolderSource(log)
      try {
        checks.push(await checkLog(source, { ...options, ...(log.ownKey && { ownKey: log.ownKey }) }))
      } finally {
        await source.close()
      }
    }
  }
  const whole = checks.every(({ faults }) => faults.length === 0)
  if (values.json) printJson({ whole, logs: checks.map(asJson) })
  else print(...checks.flatMap((check, i) => [...(i > 0 ? [''] : []), ...checkLines(check)]))
  return whole ? 0 : 1
}

function asJson({ where, checkpoint, keyFrom, judged, tree, held, records, faults, evidence }: LogCheck) {
  return {
    log: checkpoint.origin,
    where,
    size: checkpoint.size,
    root: toHex(checkpoint.root),
    keyFrom,
    witnesses: judged?.witnesses.map(({ name, owner, timestamp }) => ({ name, owner, time: timestamp })),
    quorum: judged?.quorum,
    tiles: tree.tiles,
    entries: tree.entries,
    continues: held.map(({ checkpoint: { size }, where: from }) => ({ size, from })),
    records: records && {
      ...records,
      accesses: Object.fromEntries(records.accesses),
      faults: undefined,
    },
    faults,
    evidence,
  }
}
