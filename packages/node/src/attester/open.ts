/** The attesters that a configuration names. */
import type { Attester } from './attester.ts'
import { commandAttester } from './command.ts'
import { confidentialSpaceAttester } from './confidential-space.ts'
import type { EvidenceConfig } from './config.ts'
import { tsmAttester } from './configfs-tsm.ts'
import { dstackAttester } from './dstack.ts'

export interface Attesters {
  machine: Attester
  devices: readonly Attester[]
}

export function attestersOf({ machine, devices, timeoutSeconds }: EvidenceConfig): Attesters {
  const timeoutMs = timeoutSeconds * 1000
  return {
    machine: machineOf(machine, timeoutMs),
    devices: devices.map(device => commandAttester({ ...device, timeoutMs })),
  }
}

function machineOf(machine: EvidenceConfig['machine'], timeoutMs: number): Attester {
  const socket = 'socket' in machine && machine.socket !== undefined ? { socket: machine.socket } : {}
  switch (machine.kind) {
    case 'configfs-tsm':
      return tsmAttester({ timeoutMs, ...(machine.root !== undefined && { root: machine.root }) })
    case 'confidential-space':
      return confidentialSpaceAttester({ timeoutMs, audience: machine.audience, ...socket })
    case 'dstack':
      return dstackAttester({ timeoutMs, ...socket })
    case 'command':
      return commandAttester({ ...machine, timeoutMs })
  }
}
