/** The server's HTTP interface, as far as the page uses it (docs/http.md). */
import { fromUtf8 } from '@answerable/core'
import { parseReceipt, type Receipt } from '@answerable/core/receipt'
import { PageError, type Problem } from './problem.ts'

const TIMEOUT_MS = 20_000

export interface Status {
  network: string
  owners: { name: string; witnesses: string[] }[]
  witnesses: { name: string; up: boolean }[]
  /** Records under a signed checkpoint, and under one that a quorum cosigned. */
  signed: number
  witnessed: number
  writable: boolean
  models: string[]
}

interface StatusBody {
  network: string
  owner: string
  owners?: { name: string; witnesses: string[] }[]
  log: { signed: number; witnessed: number; writable: boolean }
  witnesses: { name: string; up: boolean }[]
  models: string[]
  /** Names under which several models are asked. */
  opinions?: { name: string }[]
}

export async function getStatus(): Promise<Status> {
  const body = (await getJson('status')) as StatusBody
  try {
    const { network, owner, witnesses, models, opinions = [], log } = body
    return {
      network: String(network),
      owners: body.owners ?? [{ name: String(owner), witnesses: witnesses.map(({ name }) => name) }],
      witnesses: witnesses.map(({ name, up }) => ({ name: String(name), up: up === true })),
      signed: Number(log.signed),
      witnessed: Number(log.witnessed),
      writable: log.writable !== false,
      models: [...models.map(String), ...opinions.map(({ name }) => String(name))],
    }
  } catch (cause) {
    throw new PageError('bad-answer', 'The server’s account of how things stand has an unknown form', {
      cause,
    })
  }
}

export interface TrustOffer {
  name: string
  /** A tlog-policy text. */
  policy: string
}

export async function getTrustOffer(): Promise<TrustOffer> {
  const body = (await getJson('trust')) as Partial<TrustOffer> | null
  if (typeof body?.name !== 'string' || typeof body.policy !== 'string')
    throw new PageError('bad-answer', 'What the server offers to trust has an unknown form')
  return { name: body.name, policy: body.policy }
}

/** Where a receipt is, and the secret that opens it. */
export interface ReceiptAddress {
  id: string
  secret?: string
}

export interface Answered {
  model: string
  status: number
  request: Uint8Array
  response: Uint8Array
  /** Those that speak of the receipt, as they came. */
  headers: { name: string; value: string }[]
  receipt?: ReceiptAddress
  /** Who decides, where the models that were asked differ and a person is to. */
  pending?: string
  /** Why there is no decision in it, where there is none. */
  problem?: Problem
}

/** Sends the exact bytes of a KServe v2 request. Throws only where no answer came at all. */
export async function infer(model: string, request: Uint8Array<ArrayBuffer>): Promise<Answered> {
  const { response, bytes } = await ask(`v2/models/${encodeURIComponent(model)}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'answerable-use': 'demonstration' },
    body: request,
  })
  const headers = HEADERS.flatMap(name => {
    const value = response.headers.get(name)
    return value === null ? [] : [{ name, value }]
  })
  const answered: Answered = { model, status: response.status, request, response: bytes, headers }
  const id = response.headers.get('answerable-receipt')
  if (id !== null) {
    const secret = response.headers.get('answerable-receipt-url')?.split('#')[1]
    answered.receipt = { id, ...(secret !== undefined && { secret }) }
  }
  const pending = pendingIn(response.headers.get('answerable-dissent'))
  if (pending !== undefined) answered.pending = pending
  if (!response.ok) answered.problem = problemIn(response.status, bytes)
  else if (id === null)
    answered.problem = {
      code: 'no-receipt',
      message: 'The answer came without a receipt, so nothing of it can be checked. Do not rely on it.',
    }
  return answered
}

const HEADERS = ['Answerable-Receipt', 'Answerable-Receipt-Url', 'Answerable-Dissent']

function pendingIn(dissent: string | null): string | undefined {
  const decides = /^escalated;.*; pending; decides=(.*)$/.exec(dissent ?? '')?.[1]
  try {
    return decides && decodeURIComponent(decides)
  } catch {
    return decides
  }
}

/**
 * Fetches a receipt from this page's own server, whatever host the header named: a secret is not sent to another one
 * because a header says so.
 */
export async function getReceipt(
  { id, secret }: ReceiptAddress,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; receipt: Receipt }> {
  const { response, bytes } = await ask(`receipts/${encodeURIComponent(id)}`, {
    cache: 'no-store',
    ...(secret !== undefined && { headers: { authorization: `Bearer ${secret}` } }),
    ...(signal && { signal }),
  })
  if (!response.ok) throw errorFrom(problemIn(response.status, bytes))
  return { bytes, receipt: parseReceipt(bytes) }
}

export async function getJson(path: string): Promise<unknown> {
  const { response, bytes } = await ask(path, {})
  if (!response.ok) throw errorFrom(problemIn(response.status, bytes))
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw new PageError('bad-answer', `The server’s answer to /${path} is not JSON`, { cause })
  }
}

async function ask(path: string, init: RequestInit) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const signal = init.signal ? AbortSignal.any([timeout, init.signal]) : timeout
  try {
    const response = await fetch(new URL(path, document.baseURI), { ...init, signal })
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    if (timeout.aborted)
      throw new PageError('timeout', `The server did not answer within ${TIMEOUT_MS / 1000} seconds`, {
        cause,
      })
    throw new PageError(
      'unreachable',
      `The server at ${location.host} does not answer. Is it still running?`,
      {
        cause,
      },
    )
  }
}

/** Errors are `{"error": {"message", "code"}}`; under /v2/ they are `{"error": "message", "code"}`. */
function problemIn(status: number, bytes: Uint8Array): Problem {
  try {
    const body = JSON.parse(fromUtf8(bytes))
    const { message, code } =
      typeof body.error === 'string' ? { message: body.error, code: body.code } : body.error
    if (typeof message === 'string') return { code: String(code ?? `http-${status}`), message }
  } catch {
    // Something between us and the server answered in a form of its own.
  }
  return { code: `http-${status}`, message: `The server answered with status ${status} and no explanation` }
}

function errorFrom({ code, message }: Problem): PageError {
  return new PageError(code, message)
}
