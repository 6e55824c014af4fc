/** A small JSON object as indented `name: value` lines. */
import type { Verification } from '@answerable/core/receipt'
import { plain, wrap } from './text.ts'

type JsonObject = NonNullable<Verification['disclosed']['model']>
type Json = JsonObject[string]

export function fieldLines(object: JsonObject, indent: number): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const label = `${plain(name)}:`
    if (isObject(value) && Object.keys(value).length > 0)
      return [' '.repeat(indent) + label, ...fieldLines(value, Math.min(indent + 2, DEEPEST))]
    const [first = '', ...rest] = wrap(`${label} ${words(value)}`, indent)
    return [first, ...rest.map(line => `  ${line}`.trimEnd())]
  })
}

/** Beyond this, deeper objects stand no further in. */
const DEEPEST = 20

function words(value: Json): string {
  if (typeof value === 'string') return plain(value) || '(empty)'
  if (Array.isArray(value) && value.every(item => typeof item !== 'object'))
    return value.map(words).join(', ') || '(none)'
  return isObject(value) ? '(none)' : plain(JSON.stringify(value))
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
