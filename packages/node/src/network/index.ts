export { pageApp } from './page.ts'
export { type LocalNetwork, type LocalOptions, startLocal } from './local.ts'
