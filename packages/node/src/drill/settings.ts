/** The configuration of a throwaway gateway. */
import { GatewayConfig } from '../gateway/config.ts'

export function drillConfig(upstream: string, more: Record<string, unknown> = {}): GatewayConfig {
  return GatewayConfig.parse({
    operator: 'drill',
    port: 0,
    // As often as allowed, so that a drill takes seconds.
    publishMilliseconds: 50,
    upstreams: [{ name: 'parrot', url: upstream, models: ['parrot*'] }],
    ...more,
  })
}

/** The folder of a throwaway network's first inference log. */
export const FIRST_LOG = 'inference-1'
