/** The header of a model file on disk. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { type ModelHeader, readModelHeader } from '@answerable/core/model'

/** Reads as little of the file as its header takes. Throws `not-found` and `bad-model`. */
export function readHeaderOf(path: string): ModelHeader {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw new AnswerableError('not-found', `${path}: cannot be read`, { cause })
  }
  try {
    const { size } = fstatSync(fd)
    return readModelHeader(basename(path), {
      size,
      read(at, length) {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)))
        return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at))
      },
    })
  } finally {
    closeSync(fd)
  }
}
