/**
 * Canonical forms of an element and all in it: Canonical XML 1.0 and 1.1, which come to the same for what `parseXml` takes,
 * and Exclusive XML Canonicalization 1.0, each without comments (W3C REC-xml-c14n-20010315, REC-xml-c14n11-20080502,
 * REC-xml-exc-c14n-20020718).
 */
import { utf8 } from '../bytes.ts'
import type { XmlAttribute, XmlElement } from './element.ts'

export type CanonicalForm = 'inclusive' | 'exclusive'

/** By the names that signatures have for them. */
export const CANONICAL_FORMS: Readonly<Record<string, CanonicalForm>> = {
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315': 'inclusive',
  'http://www.w3.org/2006/12/xml-c14n11': 'inclusive',
  'http://www.w3.org/2001/10/xml-exc-c14n#': 'exclusive',
}

/** The bytes. `within` are the elements around it, outermost first; `without` is left out, with all in it. */
export function canonicalForm(
  element: XmlElement,
  form: CanonicalForm,
  within: readonly XmlElement[] = [],
  without?: XmlElement,
): Uint8Array {
  const scope = new Map<string, string>()
  for (const { declared } of within) for (const [prefix, uri] of declared) scope.set(prefix, uri)
  const inherited = form === 'inclusive' ? inheritedAttributes(element, within) : []
  const parts: string[] = []
  write(element, form, scope, new Map(), inherited, without, parts)
  return utf8(parts.join(''))
}

/** Attributes like `xml:lang` hold for all below, so what is cut out takes them along (Canonical XML 1.0, section 2.4). */
function inheritedAttributes(element: XmlElement, within: readonly XmlElement[]): XmlAttribute[] {
  const found = new Map<string, XmlAttribute>()
  for (const { attributes } of within)
    for (const one of attributes) if (one.prefix === 'xml') found.set(one.local, one)
  for (const one of element.attributes) if (one.prefix === 'xml') found.delete(one.local)
  return [...found.values()]
}

/** `scope` are the namespaces that hold around it, `written` those that its canonical form has so far. Depth is bounded. */
function write(
  element: XmlElement,
  form: CanonicalForm,
  around: ReadonlyMap<string, string>,
  writtenAround: ReadonlyMap<string, string>,
  inherited: readonly XmlAttribute[],
  without: XmlElement | undefined,
  parts: string[],
): void {
  const scope = element.declared.size === 0 ? around : new Map([...around, ...element.declared])
  const attributes = inherited.length === 0 ? element.attributes : [...inherited, ...element.attributes]
  const wanted = form === 'inclusive' ? [...scope.keys()] : visiblyUsed(element)
  const fresh = wanted.filter(
    prefix => prefix !== 'xml' && (scope.get(prefix) ?? '') !== (writtenAround.get(prefix) ?? ''),
  )
  const written =
    fresh.length === 0
      ? writtenAround
      : new Map([...writtenAround, ...fresh.map(prefix => [prefix, scope.get(prefix) ?? ''] as const)])
  parts.push('<', element.name)
  for (const prefix of fresh.sort(ascending))
    parts.push(prefix === '' ? ' xmlns="' : ` xmlns:${prefix}="`, escapeValue(scope.get(prefix) ?? ''), '"')
  for (const { name, value } of attributes.toSorted(byNamespace))
    parts.push(' ', name, '="', escapeValue(value), '"')
  parts.push('>')
  for (const child of element.children) {
    if (typeof child === 'string') parts.push(escapeText(child))
    else if (child !== without) write(child, form, scope, written, [], without, parts)
  }
  parts.push('</', element.name, '>')
}

/** Prefixes of the element and its attributes (Exclusive XML Canonicalization, section 1.1). */
function visiblyUsed({ prefix, attributes }: XmlElement): string[] {
  return [...new Set([prefix, ...attributes.map(one => one.prefix).filter(one => one !== '')])]
}

/** In ASCII, the order of code units is that of code points. */
function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byNamespace(a: XmlAttribute, b: XmlAttribute): number {
  return ascending(a.namespace, b.namespace) || ascending(a.local, b.local)
}

const IN_TEXT: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }
const IN_VALUES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, one => IN_TEXT[one]!)
}

function escapeValue(text: string): string {
  return text.replace(/[&<"\t\n\r]/g, one => IN_VALUES[one]!)
}
