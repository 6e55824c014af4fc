/** The gateway under measurement: the local network as `npm start` runs it, in front of the upstream. Prints its port. */
import { loadConfig } from '@answerable/node/gateway'
import { startLocal } from '@answerable/node/network'

const [upstream, folder = ''] = process.argv.slice(2)
const network = await startLocal({
  folder,
  config: loadConfig(
    undefined,
    {},
    {
      port: 0,
      upstreams: [{ name: 'bench', url: `http://127.0.0.1:${upstream}/v1`, models: ['*'] }],
    },
  ),
  report: (event, error) => console.error(event, error),
})
console.log(new URL(network.url).port)
process.on('message', () => process.send?.(process.cpuUsage()))
