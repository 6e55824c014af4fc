export { type Compared, type CompareOptions, compare } from './compare.ts'
export { type EndpointOptions, EndpointSource } from './endpoint.ts'
export { ModelFileSource } from './model-file.ts'
export type { Source } from './source.ts'
