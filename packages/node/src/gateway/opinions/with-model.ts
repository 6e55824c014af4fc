/** A call's JSON with another model's name in it, and not a byte changed besides. */

const COLON = /\s*:\s*/y

/**
 * The body is an object whose text `parseJson` took, with a string under `model`. Writing it anew would change numbers
 * that JavaScript rounds, and so ask the models for different things.
 */
export function withModel(body: Uint8Array, model: string): Buffer {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]
    if (unit === '{' || unit === '[') depth++
    else if (unit === '}' || unit === ']') depth--
    else if (unit === '"') {
      const end = endOf(text, i)
      COLON.lastIndex = end
      // A string before a colon is a member's name; in it, letters may stand as escapes.
      if (depth === 1 && COLON.test(text) && JSON.parse(text.slice(i, end)) === 'model') {
        const start = COLON.lastIndex
        return Buffer.from(text.slice(0, start) + JSON.stringify(model) + text.slice(endOf(text, start)))
      }
      i = end - 1
    }
  }
  throw new Error('a call without a model')
}

/** Behind the quotation mark that ends the string which begins at `start`. */
function endOf(text: string, start: number): number {
  let i = start + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i + 1
}
