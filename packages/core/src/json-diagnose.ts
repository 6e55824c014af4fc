/**
 * What is wrong with a JSON text, in words. Only ever run on text that was refused: engines give positions in
 * different ways or not at all, and none of them names a repeated member.
 */

/** An open object or array, and where in it the reader stands. */
interface Frame {
  /** Names so far; absent for an array. */
  readonly names?: Set<string>
  /** The current member's name or element's index. */
  place: string | number
}

/**
 * The first problem: a repeated member as a JSON Pointer (RFC 6901), or a syntax error (RFC 8259) as line and column,
 * both from 1, columns in UTF-16 units. Undefined where there is none.
 */
export function diagnose(text: string): string | undefined {
  const frames: Frame[] = []
  let at = 0

  const skipSpace = () => {
    while (/[ \t\n\r]/.test(text.charAt(at))) at++
  }
  const syntax = (): string => {
    const before = text.slice(0, at)
    const line = before.split('\n').length
    const found = at < text.length ? `unexpected ${shown(JSON.stringify(text[at]))}` : 'unexpected end'
    return `${found} at ${line}:${at - before.lastIndexOf('\n')}`
  }
  /** Moves past a string; false leaves `at` where it went wrong. */
  const skipString = (): boolean => {
    if (text[at] !== '"') return false
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text.charCodeAt(at) < 0x20) return false
      if (text[at] !== '\\') continue
      at++
      if (text[at] === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4
      else if (at >= text.length || !'"\\/bfnrt'.includes(text[at]!)) return false
    }
    if (at >= text.length) return false
    at++
    return true
  }
  /** Moves past a member's name and colon. A problem, or undefined. */
  const readName = (frame: Frame): string | undefined => {
    skipSpace()
    const start = at
    if (!skipString()) return syntax()
    const name = JSON.parse(text.slice(start, at)) as string
    frame.place = name
    if (frame.names!.has(name)) return `the member ${pointer(frames)} is there twice`
    frame.names!.add(name)
    skipSpace()
    if (text[at] !== ':') return syntax()
    at++
    return undefined
  }

  for (;;) {
    skipSpace()
    const first = text[at]
    if (first === '{' || first === '[') {
      at++
      const frame: Frame = first === '{' ? { names: new Set(), place: '' } : { place: 0 }
      frames.push(frame)
      skipSpace()
      if (text[at] !== closer(frame)) {
        const problem = frame.names && readName(frame)
        if (problem) return problem
        continue
      }
      frames.pop()
      at++
    } else if (first === '"') {
      if (!skipString()) return syntax()
    } else {
      const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
      scalar.lastIndex = at
      if (!scalar.test(text)) return syntax()
      at = scalar.lastIndex
    }
    // A value ended: close what ends with it, and go on after the next comma.
    for (;;) {
      skipSpace()
      const frame = frames.at(-1)
      if (frame === undefined) return at === text.length ? undefined : syntax()
      if (text[at] === ',') {
        at++
        if (typeof frame.place === 'number') frame.place++
        const problem = frame.names && readName(frame)
        if (problem) return problem
        break
      }
      if (text[at] !== closer(frame)) return syntax()
      frames.pop()
      at++
    }
  }
}

function closer(frame: Frame): string {
  return frame.names ? '}' : ']'
}

function pointer(frames: readonly Frame[]): string {
  return frames
    .map(({ place }) => `/${shown(String(place).replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('')
}

/** A name short enough for a message, and without what a terminal would act on. */
function shown(name: string): string {
  const short = name.length > 64 ? `${name.slice(0, 63)}…` : name
  return short
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, unit => `\\u{${unit.codePointAt(0)!.toString(16)}}`)
}
