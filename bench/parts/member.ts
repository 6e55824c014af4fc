/** `FOLDER`: a member of a network, as its folder says. Prints its URL; answers a message with its memory. */
import { loadConfig } from '@answerable/node/gateway'
import { startLocal } from '@answerable/node/network'

const [folder = ''] = process.argv.slice(2)
const network = await startLocal({
  folder,
  demo: false,
  config: loadConfig(undefined, {}, { port: 0 }),
  report: (event, error) => console.error(event, error ?? ''),
})
console.log(JSON.stringify({ url: network.url }))
process.on('message', () => {
  process.send?.({
    rss: process.memoryUsage().rss,
    cpu: process.cpuUsage(),
    size: network.registry.book.size,
    official: network.registry.mirror.official?.size ?? 0,
  })
})
