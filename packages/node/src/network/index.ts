export { type LocalNetwork, type LocalOptions, startLocal } from './local.ts'
