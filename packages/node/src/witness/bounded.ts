/** Reading a body up to a limit, whatever length it announces. */

/** The bytes of a body; undefined for one that is longer, which is not read to its end. Rejects as the stream does. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0)
  const reader = body.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(parts)
    length += value.length
    if (length > limit) {
      void reader.cancel().catch(() => undefined)
      return undefined
    }
    parts.push(value)
  }
}
