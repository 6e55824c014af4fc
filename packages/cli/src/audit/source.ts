/** Where a log's files come from: over HTTP, or out of a gateway's folder. */

export interface LogSource {
  /** For people: a URL or a folder. */
  readonly where: string
  /** The published checkpoint: a signed note. */
  checkpoint(): Promise<Uint8Array>
  /** The first `width` hashes of a tile. Throws `not-found` and `bad-tile` for faults of the log itself. */
  tile(level: number, index: number, width: number): Promise<Uint8Array>
  /** The first `width` entries of a bundle. Asked in order. Throws as `tile` does. */
  entries(index: number, width: number): Promise<Uint8Array[]>
  close(): Promise<void>
}
