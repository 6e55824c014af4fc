export * from './document.ts'
export * from './nitro.ts'
export * from './unwrap.ts'
