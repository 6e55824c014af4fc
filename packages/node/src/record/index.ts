export * from './documents.ts'
export * from './receipts.ts'
export * from './recorder.ts'
export * from './store.ts'
