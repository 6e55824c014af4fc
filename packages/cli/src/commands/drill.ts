/** Faults injected for real into a throwaway network: what was noticed, by whom, and what followed. */
import { AnswerableError } from '@answerable/core'
import { type DrillReport, formatReport, listDrills, runDrill } from '@answerable/node/drill'
import { readArguments } from '../command.ts'
import { bad, good, note, print, printJson } from '../output/style.ts'
import { count, labelled } from '../output/text.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  const drills = listDrills()
  if (values.list) {
    const width = Math.max(...drills.map(({ name }) => name.length)) + 4
    print(...drills.flatMap(({ name, title }) => labelled(name, title, width)))
    return 0
  }
  const names = positionals.length > 0 ? positionals : drills.map(({ name }) => name)
  // All names are looked at before the first drill runs, which may take a while.
  for (const name of names)
    if (!drills.some(drill => drill.name === name))
      throw new AnswerableError(
        'bad-request',
        `no drill ${name}; there are ${drills.map(drill => drill.name).join(', ')}`,
      )
  const reports: DrillReport[] = []
  for (const name of names) {
    if (values.json) note(name)
    const report = await runDrill(name)
    reports.push(report)
    if (!values.json) print(coloured(report))
  }
  const failed = reports.filter(({ passed, skipped }) => !passed && skipped === undefined)
  if (values.json) printJson({ passed: failed.length === 0, drills: reports })
  else if (failed.length > 0) print(bad(`${failed.length} of ${count(reports.length, 'drill')} failed`))
  return failed.length === 0 ? 0 : 1
}

function coloured(report: DrillReport): string {
  return formatReport(report).replace(/^(PASSED|FAILED)/, report.passed ? good('PASSED') : bad('FAILED'))
}
