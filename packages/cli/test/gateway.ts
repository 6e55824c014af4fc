/** A local network in front of the fake upstream, in a folder that goes away with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Trust } from '@answerable/core/receipt'
import { GatewayConfig } from '@answerable/node/gateway'
import { type LocalNetwork, startLocal } from '@answerable/node/network'
import { type FakeUpstream, startFakeUpstream } from './fake-upstream.ts'

export interface TestGateway {
  /** Without a path. */
  url: string
  trust: Trust
  upstream: FakeUpstream
  network: LocalNetwork
  /** What the owner would have been told. */
  faults: unknown[]
  close(): Promise<void>
}

export async function startTestGateway(overrides: Record<string, unknown> = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-client-'))
  const upstream = await startFakeUpstream()
  const faults: unknown[] = []
  const config = GatewayConfig.parse({
    port: 0,
    upstreams: [{ name: 'fake', url: upstream.url, models: ['*'] }],
    publishMilliseconds: 50,
    ...overrides,
  })
  const network = await startLocal({
    folder,
    config,
    environment: {},
    report: (event, error) => faults.push(error ?? event),
  })
  return {
    url: network.url,
    trust: { networks: [{ name: 'test', policy: network.policy }] },
    upstream,
    network,
    faults,
    async close() {
      await network.close()
      await upstream.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
