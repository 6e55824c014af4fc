/** A gateway that lies: a fetch that changes what goes to a real one, or what comes back. */
import type { Fetch } from '../src/client/index.ts'

export interface Lies {
  /** Changes a call before it is sent. */
  call?: (url: string, init: RequestInit) => { url?: string; init?: RequestInit }
  /** Changes the answer to a call. */
  answer?: (answer: Response) => Response | Promise<Response>
  /** Changes a receipt, or answers in its place. */
  receipt?: (fetched: () => Promise<Response>, url: string, init: RequestInit) => Response | Promise<Response>
}

export function lying({ call, answer, receipt }: Lies, asked: string[] = []): Fetch {
  return async (input, init = {}) => {
    const url = String(input)
    asked.push(url)
    if (url.includes('/receipts/')) {
      const fetched = () => fetch(url, init)
      return receipt === undefined ? fetched() : receipt(fetched, url, init)
    }
    const changed = call?.(url, init) ?? {}
    const response = await fetch(changed.url ?? url, changed.init ?? init)
    return answer === undefined ? response : answer(response)
  }
}

/** A response with other headers (null takes one away), another body or status. */
export function altered(
  { body, status, headers }: Response,
  changes: { headers?: Record<string, string | null>; body?: BodyOf; status?: number },
): Response {
  const changed = new Headers(headers)
  changed.delete('content-length')
  for (const [name, value] of Object.entries(changes.headers ?? {})) {
    if (value === null) changed.delete(name)
    else changed.set(name, value)
  }
  return new Response(changes.body === undefined ? body : changes.body, {
    status: changes.status ?? status,
    headers: changed,
  })
}

type BodyOf = ConstructorParameters<typeof Response>[0]

/** Changes the text of a body as a whole. */
export async function rewritten(response: Response, change: (text: string) => string): Promise<Response> {
  return altered(response, { body: change(await response.text()) })
}

/** Changes the events of a stream as they come, and ends in an orderly way whatever happened. */
export function eventsOf(response: Response, change: (events: string[]) => string[]): Response {
  async function* events() {
    let text = ''
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
    } catch {
      // The liar says that this was all.
    }
    const list = text.split('\n\n').filter(event => event !== '')
    for (const event of change(list)) yield new TextEncoder().encode(`${event}\n\n`)
  }
  return altered(response, { body: ReadableStream.from(events()) })
}
