/**
 * NVIDIA's reference integrity manifests (TCG RIM, a software identity of ISO 19770-2 in XML, signed): which measurements
 * a driver or a VBIOS makes a device have. They count from 0, reports from 1; here, all count as reports do.
 */
import { AnswerableError } from '../../error.ts'
import {
  attributeOf,
  childElements,
  parseSignedXml,
  type SignedXml,
  type XmlElement,
} from '../../xml/index.ts'

export interface Manifest {
  /** Of the driver or the VBIOS that it is about. */
  version: string
  /** The chip or the board. */
  product?: string
  /** Values in hex, any of which will do, by number of the measurement; only those that it asks for. */
  expected: ReadonlyMap<number, readonly string[]>
  /** Whether it asks for more than measurements. */
  asksMore: boolean
  document: SignedXml
}

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'
const MOST_TEXT = 64
const MOST_RESOURCES = 256
const MOST_ALTERNATIVES = 128

/** Throws as `parseSignedXml` does. Whether to believe it is for the caller to find out. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const document = parseSignedXml(bytes)
  const root = document.signed
  if (root.local !== 'SoftwareIdentity' || root.namespace !== SWID) bad('it is no software identity')
  const meta = only(root, 'Meta')
  const resources = childElements(only(root, 'Payload'))
  if (resources.length > MOST_RESOURCES) bad(`over ${MOST_RESOURCES} resources`)
  const expected = new Map<number, readonly string[]>()
  const seen = new Set<number>()
  let asksMore = false
  for (const resource of resources) {
    if (resource.namespace !== SWID || resource.local !== 'Resource') bad('its payload holds something else')
    if (attributeOf(resource, 'type') !== 'Measurement') {
      asksMore = true
      continue
    }
    const index = numberOf(resource, 'index', 254) + 1
    if (seen.has(index)) bad(`measurement ${index} twice`)
    seen.add(index)
    const values = valuesOf(resource)
    const active = attributeOf(resource, 'active')
    if (active === 'True') expected.set(index, values)
    else if (active !== 'False') bad('a measurement that is neither active nor not')
  }
  if (expected.size === 0) bad('it asks for no measurement')
  const product = plain(attributeOf(meta, 'product'))
  return {
    version: plain(attributeOf(meta, 'colloquialVersion')) ?? bad('no version'),
    expected,
    asksMore,
    document,
    ...(product !== undefined && { product }),
  }
}

function valuesOf(resource: XmlElement): string[] {
  const alternatives = numberOf(resource, 'alternatives', MOST_ALTERNATIVES)
  const size = numberOf(resource, 'size', 64)
  return Array.from({ length: alternatives }, (_, i) => {
    const value = attributeOf(resource, `Hash${i}`, SHA384)?.toLowerCase() ?? ''
    if (value.length !== size * 2 || !/^[0-9a-f]+$/.test(value)) bad('a value that is not what it says')
    return value
  })
}

function only(root: XmlElement, local: string): XmlElement {
  const [one, ...more] = childElements(root).filter(
    child => child.local === local && child.namespace === SWID,
  )
  return one === undefined || more.length > 0 ? bad(`not one ${local}`) : one
}

function numberOf(element: XmlElement, name: string, most: number): number {
  const text = attributeOf(element, name) ?? ''
  return /^(0|[1-9]\d{0,3})$/.test(text) && Number(text) <= most ? Number(text) : bad(`not a number: ${name}`)
}

function plain(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MOST_TEXT && /^[\x20-\x7e]+$/.test(text) ? text : undefined
}

function bad(what: string): never {
  throw new AnswerableError('bad-endorsement', `manifest: ${what}`)
}
