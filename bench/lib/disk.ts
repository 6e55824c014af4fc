/** The disk's own speed, measured in the same run: what durability costs before any code of ours. */
import { closeSync, fdatasync, openSync, rmSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './rows.ts'

const BLOCK = Buffer.alloc(4096, 7)

function writeAndSync(fd: number, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(fd, BLOCK, 0, BLOCK.length, at, error => {
      if (error) return reject(error)
      fdatasync(fd, failure => (failure ? reject(failure) : resolve()))
    })
  })
}

/** Medians in milliseconds: one fdatasync of 4 KB on a preallocated file, and the slower of two side by side. */
export async function syncTimes(folder: string): Promise<{ one: number; two: number }> {
  const files = ['a', 'b'].map(name => join(folder, `sync-${name}`))
  const fds = files.map(file => {
    const fd = openSync(file, 'w')
    for (let i = 0; i < 256; i++) writeSync(fd, BLOCK, 0, BLOCK.length, i * BLOCK.length)
    return fd
  })
  const one: number[] = []
  const two: number[] = []
  for (let i = 0; i < 200; i++) {
    const at = (i % 256) * BLOCK.length
    let start = performance.now()
    await writeAndSync(fds[0]!, at)
    one.push(performance.now() - start)
    start = performance.now()
    await Promise.all(fds.map(fd => writeAndSync(fd, at)))
    two.push(performance.now() - start)
  }
  for (const fd of fds) closeSync(fd)
  for (const file of files) rmSync(file)
  return { one: median(one), two: median(two) }
}
