/** The images that members of a network approved: by whom, since when, and whether they still stand. */
import type { ReferenceRecord } from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { bad, bold, good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { standingOf } from '../registry/references.ts'
import { stateOf } from '../registry/state-of.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    url: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const { state } = await stateOf(values)
  const references = [...state.references.values()]
  if (values.json) {
    printJson({ network: state.network, references })
    return 0
  }
  if (references.length === 0) print('Nobody has approved an image.')
  const images = new Map<string, ReferenceRecord[]>()
  for (const one of references) images.set(one.id, [...(images.get(one.id) ?? []), one])
  for (const [id, approvals] of images) print(bold(id), ...approvals.flatMap(approvalLines))
  return 0
}

function approvalLines(record: ReferenceRecord): string[] {
  const { by, reference, stated, revoked } = record
  const { format, image, role, weights, provenance = {}, measurements } = reference
  const origin = [
    ...(provenance.source === undefined ? [] : [plain(provenance.source)]),
    ...(provenance.reproducible ? ['anyone can build the same'] : []),
    ...(provenance.bundle === undefined ? [] : [`Sigstore bundle ${provenance.bundle}`]),
  ]
  const standing = plain(standingOf(record))
  return [
    ...wrap(`${plain(image)}, a ${role} on ${format}, by ${plain(by)} since ${time(stated.time)}`),
    ...(revoked === null ? [`  ${good(standing)}`] : wrap(standing).map(bad)),
    ...Object.entries(measurements).map(([name, value]) => `  ${plain(name)} ${plain(value)}`),
    ...(weights === undefined ? [] : labelled('weights', `${weights.manifest}, by ${weights.by}`)),
    ...(origin.length === 0 ? [] : labelled('from', origin.join('; '))),
  ]
}
