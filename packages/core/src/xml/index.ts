/** XML that somebody signed: read strictly, in its canonical form, and believed only as far as it was digested. */
export * from './canonical-form.ts'
export * from './element.ts'
export * from './signature.ts'
