/** Showing what a receipt discloses, once it is shown to be what was recorded. */
import { fromUtf8, parseJson } from '@answerable/core'
import { CLAIMS, type Receipt, type Verification, verify } from '@answerable/core/receipt'
import { DISCLOSURES, type DisclosureName } from '@answerable/core/statement'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { readReceipt } from '../input.ts'
import { fieldLines } from '../output/fields.ts'
import { layOut } from '../output/json-layout.ts'
import { bold, dim, print } from '../output/style.ts'
import { count, plainLines, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { claimLines } from '../output/verification.ts'
import { asTyped } from '../program.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { positionals } = readArguments(args, {})
  const [file] = expectPositionals(positionals, 'FILE')
  const receipt = await readReceipt(file)
  const verification = verify(receipt, { suite: nodeSuite, trust: new TrustStore().trust() })
  const { claims, record } = verification
  const fallen = CLAIMS.filter(name => claims[name].result === 'fail')
  if (record === undefined || fallen.length > 0) {
    const names = fallen.length > 0 ? fallen : (['recorded'] as const)
    print(...names.flatMap(name => claimLines(claims[name])), '')
    print(...wrap(`So what it discloses is not shown here. ${asTyped('verify')} says more.`))
    return 1
  }
  print(`${bold(`Receipt ${record.id}`)}  ${dim(time(record.time))}`, '', ...claimLines(claims.recorded))
  for (const name of DISCLOSURES) print('', ...disclosureLines(name, receipt, verification))
  return 0
}

function disclosureLines(name: DisclosureName, { content }: Receipt, { disclosed }: Verification): string[] {
  const value = disclosed[name]
  if (value === undefined) return [bold(name), dim('  not disclosed')]
  const lines = [bold(name), ...fieldLines(value, 2)]
  if (name !== 'request' && name !== 'response') return lines
  const bytes = content[name]
  return bytes === undefined
    ? [...lines, dim('  its bytes do not come along')]
    : [...lines, '', ...contentLines(bytes)]
}

/** JSON set out in lines, other text as it is, and of anything else its size. */
function contentLines(bytes: Uint8Array): string[] {
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch {
    return [dim(`  ${count(bytes.length, 'byte')} that are not text`)]
  }
  try {
    parseJson(text, { maxBytes: bytes.length })
    text = layOut(text)
  } catch {
    // Not JSON, such as a stream of events: shown as it came.
  }
  return plainLines(text)
    .split('\n')
    .map(line => `  ${line}`)
}
