export type { Backend, BackendCall, Exchange, Sink } from './backend.ts'
export { GatewayConfig, isLoopback, loadConfig, type NetworkConfig } from './config.ts'
export { VERSION } from './public.ts'
export { refuseStrangers } from './strangers.ts'
