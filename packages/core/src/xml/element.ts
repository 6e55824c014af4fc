/**
 * XML 1.0 with namespaces, as a tree, for documents that somebody signed: no document type, no entities but the five, no
 * processing instructions, no comments kept, names and namespaces in ASCII, and everything bounded. saxes does the reading.
 */
import { SaxesParser } from 'saxes'
import { fromUtf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'

export interface XmlElement {
  /** As written: `ds:Signature`, prefix `ds`, local name `Signature`. */
  name: string
  prefix: string
  local: string
  namespace: string
  attributes: XmlAttribute[]
  /** Declared here: namespace by prefix, the default one by ''. */
  declared: ReadonlyMap<string, string>
  /** Text is whole: two pieces never follow each other. */
  children: (XmlElement | string)[]
}

export interface XmlAttribute {
  name: string
  local: string
  prefix: string
  namespace: string
  value: string
}

export const MAX_XML_BYTES = 512 * 1024
const MOST_ELEMENTS = 8192
const MOST_ATTRIBUTES = 256
const MOST_DEEP = 16
/** In all of a document: each costs something at every element below it. */
const MOST_DECLARED = 1024
const XML = 'http://www.w3.org/XML/1998/namespace'
const XMLNS = 'http://www.w3.org/2000/xmlns/'
/** What C14N asks for, less what it lets pass: it fails for relative ones (section 1.3). */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*$/
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/** The root element. Throws `too-large`, `too-deep`, `not-utf8`, `duplicate-key` for attributes, and `bad-endorsement`. */
export function parseXml(bytes: Uint8Array): XmlElement {
  if (bytes.length > MAX_XML_BYTES) throw new AnswerableError('too-large', `XML: over ${MAX_XML_BYTES} bytes`)
  const parser = new SaxesParser({ xmlns: true, position: false })
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let elements = 0
  let declared = 0
  const text = (more: string): void => {
    const children = open.at(-1)?.children
    if (children === undefined) return
    if (typeof children.at(-1) === 'string') children.push(`${children.pop()}${more}`)
    else children.push(more)
  }
  parser.on('doctype', () => bad('a document type'))
  parser.on('processinginstruction', () => bad('a processing instruction'))
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0' || (encoding !== undefined && encoding.toLowerCase() !== 'utf-8'))
      bad('a version or an encoding that is not taken')
  })
  parser.on('text', text)
  parser.on('cdata', text)
  parser.on('opentagstart', ({ name }) => {
    if (++elements > MOST_ELEMENTS)
      throw new AnswerableError('too-large', `XML: over ${MOST_ELEMENTS} elements`)
    if (open.length === MOST_DEEP)
      throw new AnswerableError('too-deep', `XML: nested over ${MOST_DEEP} deep, at ${name.slice(0, 64)}`)
  })
  parser.on('opentag', tag => {
    const attributes = Object.values(tag.attributes)
    if (attributes.length > MOST_ATTRIBUTES)
      throw new AnswerableError('too-large', `XML: over ${MOST_ATTRIBUTES} attributes of one element`)
    const own = declarations(tag.ns)
    declared += own.size
    if (declared > MOST_DECLARED)
      throw new AnswerableError('too-large', `XML: over ${MOST_DECLARED} namespaces are declared`)
    const element: XmlElement = {
      name: tag.name,
      prefix: tag.prefix,
      local: plain(tag.local, NAME),
      namespace: tag.uri,
      attributes: attributes
        .filter(({ uri }) => uri !== XMLNS)
        .map(({ name, local, prefix, uri, value }) => ({
          name,
          local: plain(local, NAME),
          prefix,
          namespace: uri,
          value,
        })),
      declared: own,
      children: [],
    }
    for (const { namespace, local } of element.attributes)
      if (namespace === XML && local !== 'lang' && local !== 'space') bad(`the attribute xml:${local}`)
    open.at(-1)?.children.push(element)
    root ??= element
    if (tag.isSelfClosing) return
    open.push(element)
  })
  parser.on('closetag', ({ isSelfClosing }) => {
    if (!isSelfClosing) open.pop()
  })
  try {
    parser.write(fromUtf8(bytes)).close()
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    const { message } = cause as Error
    if (message.includes('duplicate attribute'))
      throw new AnswerableError('duplicate-key', 'XML: an attribute twice')
    throw new AnswerableError('bad-endorsement', 'XML: not well-formed', { cause })
  }
  return root ?? bad('no element')
}

function declarations(ns: Record<string, string>): Map<string, string> {
  const declared = new Map<string, string>()
  for (const [prefix, uri] of Object.entries(ns)) {
    if (prefix !== '') plain(prefix, NAME)
    // Only the default one can be taken back (Namespaces in XML 1.0, section 5).
    if (uri !== '' || prefix !== '') plain(uri, ABSOLUTE)
    if (prefix === 'xml' || prefix === 'xmlns' || uri === XML || uri === XMLNS)
      bad('a namespace of XML itself')
    declared.set(prefix, uri)
  }
  return declared
}

function plain(text: string, pattern: RegExp): string {
  return pattern.test(text)
    ? text
    : bad('a name that is not plain ASCII, or a namespace that is not absolute')
}

function bad(what: string): never {
  throw new AnswerableError('bad-endorsement', `XML: ${what} is not taken`)
}

/** Child elements, which must have only white space between them. Throws `bad-endorsement` for text. */
export function childElements(element: XmlElement): XmlElement[] {
  return element.children.filter(child => {
    if (typeof child !== 'string') return true
    if (child.trim() !== '') bad(`text within ${element.local}`)
    return false
  }) as XmlElement[]
}

/** The text of an element that has nothing else. Throws `bad-endorsement` for others. */
export function textOf(element: XmlElement): string {
  if (element.children.some(child => typeof child !== 'string')) bad(`an element within ${element.local}`)
  return element.children.join('')
}

/** An attribute's value, of no namespace unless told. */
export function attributeOf(element: XmlElement, local: string, namespace = ''): string | undefined {
  return element.attributes.find(one => one.local === local && one.namespace === namespace)?.value
}
