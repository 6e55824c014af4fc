/** Fields that several kinds share. */
import { type JsonObject, Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { parseKeyText } from './key-text.ts'
import { type Application, PURPOSES, ROLES, type Role } from './records.ts'

export const shape = new Shape('bad-statement')

const SLUG = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/
const COUNTRY = /^[A-Z]{2}$/
/** Printable, on one line: what people are shown must not pretend to be something else. */
const LINE = /^(?!\p{Z})[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+(?<!\p{Z})$/u
/** Line feeds and tabs are the only control characters: a terminal acts on others. */
const TEXT = /^(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\n\t])*$/u
/** Each new one signs, and an envelope has 64 signatures. */
const MAX_KEYS = 12

/** A name in lower case, as in a host name: of members, groups, nodes. */
export function slug(value: unknown, where: string): string {
  return shape.string(value, where, 64, SLUG, 'a lower-case name of letters, digits, dots and dashes')
}

/** One line of text for people. */
export function line(value: unknown, where: string, most = 256): string {
  return shape.string(value, where, most, LINE, 'one line of text')
}

/** Text for people, of several lines where they like; may be empty. */
export function text(value: unknown, where: string, most = 4096): string {
  return shape.string(value, where, most, TEXT, 'text')
}

/** The base of an HTTP service, without a slash at its end. */
export function url(value: unknown, where: string): string {
  const address = shape.string(value, where, 512, /^https?:\/\/[!-~]+$/, 'an http or https URL')
  if (/[?#@]|\/$/.test(address)) shape.fail(where, 'no query, fragment, user or slash at its end')
  return address
}

export function optional<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === undefined || value === null ? null : read(value)
}

/** A time that may be absent. */
export function until(value: unknown, where: string): number | null {
  return optional(value, one => shape.time(one, where))
}

export function keyTexts(value: unknown, where: string, suite: Suite): Application['keys'] {
  const ids = new Set<string>()
  return shape.array(value, where, MAX_KEYS).map((item, i) => {
    const fields = shape.object(item, `${where}[${i}]`)
    const purpose = shape.literal(fields.purpose, `${where}[${i}].purpose`, PURPOSES)
    const key = shape.string(fields.key, `${where}[${i}].key`, 4096)
    const { id } = parseKeyText(key, purpose, suite)
    // One key with two purposes could be made to sign the one as the other.
    if (ids.has(id)) shape.fail(`${where}[${i}].key`, 'a key used once')
    ids.add(id)
    return { purpose, key, until: until(fields.until, `${where}[${i}].until`) }
  })
}

export function roles(value: unknown, where: string): Role[] {
  const names = shape.array(value, where, ROLES.length).map((role, i) => {
    return shape.literal(role, `${where}[${i}]`, ROLES)
  })
  if (names.length === 0 || new Set(names).size < names.length) shape.fail(where, 'roles, each once')
  return names
}

/** Who a member says that it is. */
export function memberFields(value: unknown, where: string): Application['member'] {
  const fields: JsonObject = shape.object(value, where)
  return {
    id: slug(fields.id, `${where}.id`),
    name: line(fields.name, `${where}.name`),
    ownerGroup: slug(fields.ownerGroup, `${where}.ownerGroup`),
    roles: roles(fields.roles, `${where}.roles`),
    jurisdiction: shape.string(
      fields.jurisdiction,
      `${where}.jurisdiction`,
      2,
      COUNTRY,
      'a country as in ISO 3166-1 alpha-2',
    ),
    hosting: line(fields.hosting, `${where}.hosting`),
    url: optional(fields.url, one => url(one, `${where}.url`)),
    evidence: optional(fields.evidence, one => {
      const evidence = shape.object(one, `${where}.evidence`)
      return {
        description: line(evidence.description, `${where}.evidence.description`),
        sha256: shape.digest(evidence.sha256, `${where}.evidence.sha256`),
      }
    }),
  }
}
