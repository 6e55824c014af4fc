/** Reads rows of the Statlog German Credit file (UCI, `german.data`), for those who have it: it is not part of this project. */
import { AnswerableError } from '@answerable/core'
import { type Applicant, CREDIT_FEATURES } from './credit-schema.ts'
import type { LabelledApplicant } from './dataset.ts'

/** One applicant a line: 20 attributes and the class (1 good, 2 bad), separated by white space. Throws `bad-format`. */
export function parseStatlog(text: string): LabelledApplicant[] {
  return text
    .split('\n')
    .map((line, index) => ({ fields: line.trim().split(/\s+/), at: index + 1 }))
    .filter(({ fields }) => fields[0] !== '')
    .map(({ fields, at }) => {
      if (fields.length !== CREDIT_FEATURES.length + 1)
        throw new AnswerableError(
          'bad-format',
          `line ${at} has ${fields.length} fields where 21 were expected`,
        )
      const applicant: Applicant = {}
      for (const feature of CREDIT_FEATURES) {
        const field = fields[feature.attribute - 1]!
        // A category is spelt A, the attribute's number, the code.
        const prefix = feature.kind.type === 'category' ? `A${feature.attribute}` : ''
        const value = Number(field.slice(prefix.length))
        if (!field.startsWith(prefix) || field.length === prefix.length || !Number.isInteger(value))
          throw new AnswerableError('bad-format', `line ${at}: '${field}' is no value of ${feature.name}`)
        applicant[feature.name] = value
      }
      const label = fields.at(-1)
      if (label !== '1' && label !== '2')
        throw new AnswerableError('bad-format', `line ${at}: class '${label}' is neither 1 nor 2`)
      return { applicant, good: label === '1' }
    })
}
