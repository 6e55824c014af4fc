/** Registry records as tables: what tells one from another. JSON has all of it. */
import type { CollectionName } from '@answerable/core/registry'
import { table } from './table.ts'

type Fields = Record<string, unknown>

/** Columns of each collection; `id` is the record's own. */
const COLUMNS: Record<CollectionName, readonly string[]> = {
  members: ['id', 'ownerGroup', 'status', 'roles', 'jurisdiction'],
  keys: ['id', 'member', 'purpose', 'revoked'],
  hosts: ['id', 'member', 'url', 'from'],
  applications: ['id', 'member', 'sponsor', 'status'],
  proposals: ['id', 'by', 'action', 'status'],
  models: ['id', 'publisher', 'licence', 'format', 'withdrawn'],
  nodes: ['id', 'url', 'models'],
  logs: ['id', 'node', 'anchor', 'forked'],
  handIns: ['id', 'by', 'done', 'overdue'],
  chains: ['id', 'left', 'from', 'missed'],
  epochs: ['id', 'seed', 'groups', 'missed', 'predictable'],
  challenges: ['id', 'type', 'log', 'by', 'status'],
  findings: ['id', 'outcome', 'auditor', 'epoch', 'dispute'],
  comparisons: ['id', 'by', 'statistic', 'outcome', 'seen'],
  disputes: ['id', 'log', 'index', 'auditor', 'operator', 'status', 'wrong'],
  evidence: ['id', 'node', 'log', 'stated', 'endorsements', 'appraisals'],
  references: ['id', 'reference', 'stated', 'revoked'],
}

export function recordTable(name: CollectionName, records: readonly [string, object][]): string[] {
  const columns = COLUMNS[name]
  const rows = records.map(([id, record]) =>
    columns.map(column => (column === 'id' ? short(id) : words((record as Fields)[column]))),
  )
  return records.length === 0 ? [] : table(columns.map(title), rows)
}

function words(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value))
    return value.every(one => typeof one === 'string') ? value.map(short).join(', ') : String(value.length)
  if (typeof value !== 'object') return short(String(value))
  const { id, action, size, index, member, image } = value as Fields
  if (typeof id === 'string') return id
  if (typeof image === 'string') return image
  if (typeof action === 'string') return typeof member === 'string' ? `${action} ${member}` : action
  if (typeof size === 'number') return `at ${size}`
  return typeof index === 'number' ? `entry ${index}` : 'yes'
}

/** Digests by their beginning, which commands take as well; also where a member's name follows. */
function short(text: string): string {
  return text.replace(/^([0-9a-f]{16})[0-9a-f]{48}(?= |$)/, '$1')
}

/** `ownerGroup` as `owner group`. */
function title(column: string): string {
  return column.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}
