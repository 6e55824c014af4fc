/** Opening records for auditors, and for those who sit over a dispute (docs/disclosure.md). */
export { accessesOf } from './accesses.ts'
export { auditApp } from './app.ts'
export { GUARD_LIMITS, Guard, type GuardLimits } from './guard.ts'
export { decryptWith, encryptTo, newRecipient, type Recipient } from './jwe.ts'
export { openRecord } from './opener.ts'
export { DisclosureService, type DisclosureServiceOptions, Refused, type Served } from './service.ts'
