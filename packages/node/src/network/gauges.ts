/** What a network's metrics say of its log and its witnesses. */
import type { Metrics } from '../gateway/metrics.ts'
import type { GatewayNode } from '../gateway/node.ts'

export function addGauges(metrics: Metrics, { store, publisher }: GatewayNode): void {
  metrics.observe('answerable_log_size', 'Records committed', () => store.log.signed.size)
  metrics.observe(
    'answerable_log_published',
    'Records under the published checkpoint',
    () => store.log.published.size,
  )
  metrics.observe(
    'answerable_log_witnessed',
    'Records under a witnessed checkpoint',
    () => publisher.witnessed?.size ?? 0,
  )
  metrics.observe('answerable_log_writable', '1 while records are taken', () => Number(store.log.writable))
  metrics.observe(
    'answerable_witnesses_up',
    'Witnesses that answer',
    () => publisher.witnesses.filter(({ up }) => up).length,
  )
}
