/** `FOLDER`: a member of a network, as its folder says. Prints its URL; answers a message with the memory that it has in use. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { loadConfig } from '@answerable/node/gateway'
import { startLocal } from '@answerable/node/network'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const [folder = ''] = process.argv.slice(2)
const network = await startLocal({
  folder,
  demo: false,
  config: loadConfig(undefined, {}, { port: 0 }),
  report: (event, error) => console.error(event, error ?? ''),
})
console.log(JSON.stringify({ url: network.url }))
process.on('message', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({
    used: heapUsed + external,
    cpu: process.cpuUsage(),
    size: network.registry.book.size,
    official: network.registry.mirror.official?.size ?? 0,
  })
})
