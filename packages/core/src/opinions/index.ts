export * from './agreement.ts'
export * from './on-record.ts'
