/** What can be made to lie in an audit, by name: the same in a drill's own process and in one of its children. */
import { AnswerableError } from '@answerable/core'
import type { TraceValue } from '@answerable/core/trace'
import { ServedModel, type ServedModels } from '../gateway/kserve.ts'
import type { AuditHooks } from '../network/audit-hooks.ts'

/** Says that it is the first model, and runs the second. */
export function swapped(models: ServedModels): ServedModels {
  const [first, second] = [...models.values()]
  return new Map([...models, [first!.description.name, saying(first!, second!.model)]])
}

/** A model that is on record as `served`, whatever answers. */
export function saying(served: ServedModel, model: ServedModel['model']): ServedModel {
  return Object.assign(Object.create(ServedModel.prototype), served, { model }) as ServedModel
}

/** Says that it is the first model, and runs the second as long as `lies` says so. */
export function swappedWhile(lies: () => boolean): (models: ServedModels) => ServedModels {
  return models => {
    const [first, second] = [...models.values()]
    if (first === undefined || second === undefined) return models
    const either: Pick<ServedModel['model'], 'describe' | 'infer' | 'close'> = {
      describe: () => first.model.describe(),
      infer: (...asked) => (lies() ? second : first).model.infer(...asked),
      close: () => first.model.close(),
    }
    return new Map([...models, [first.description.name, saying(first, either as ServedModel['model'])]])
  }
}

/** Stands by what was answered: where its own trace comes to something else, it puts the answer there. */
export const standsByIt: NonNullable<AuditHooks['values']> = (values, response) =>
  values.map(({ name, tensor }) => ({ name, tensor: response?.get(name) ?? tensor }))

/** Moves one number of one value in the middle, by a little. */
export const altersOne: NonNullable<AuditHooks['values']> = values => {
  const at = values.findLastIndex(
    ({ tensor }) => tensor.data instanceof Float32Array && tensor.data.length > 1,
  )
  return values.map((value, i) => (i === at ? altered(value) : value))
}

function altered({ name, tensor }: TraceValue): TraceValue {
  const data = Float32Array.from(tensor.data as Float32Array)
  data[0]! += 2 ** -10
  return { name, tensor: { ...tensor, data } }
}

/** Makes no move in any dispute. */
export const makesNoMove: NonNullable<AuditHooks['moves']> = () => false

/** Found something else, whatever came out. */
export const findsOtherwise: NonNullable<AuditHooks['found']> = rerun =>
  rerun.outcome === 'not-rerun' ? rerun : { ...rerun, outcome: 'inconsistent', words: ['Not what I get.'] }

/** Opens nothing. */
export const opensNothing: NonNullable<AuditHooks['opens']> = () => {
  throw new AnswerableError('unavailable', 'not today')
}
