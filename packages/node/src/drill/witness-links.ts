/** The lines between a network's logs and its witnesses, where they can be cut or laid to another network's witnesses. */
import type { LocalNetwork } from '../network/index.ts'
import type { Fetch } from '../witness/index.ts'

export class WitnessLinks {
  /** Names of witnesses that cannot be reached. */
  readonly down = new Set<string>()
  /** What witnesses answered to checkpoints, oldest first. */
  readonly answers: { witness: string; status: number }[] = []
  #elsewhere: LocalNetwork | undefined

  /** Asks the witnesses of another network from now on. */
  layTo(network: LocalNetwork): void {
    this.#elsewhere = network
  }

  readonly reach = (witness: string, send: Fetch): Fetch => {
    return async request => {
      if (this.down.has(witness)) throw new Error('the line is cut')
      const isCheckpoint = request.method === 'POST'
      const response = await this.#send(witness, request, send)
      if (isCheckpoint) this.answers.push({ witness, status: response.status })
      return response
    }
  }

  async #send(witness: string, request: Request, send: Fetch): Promise<Response> {
    const other = this.#elsewhere?.witnesses.find(({ name }) => name === witness)
    if (other === undefined) return send(request)
    const url = other.url + new URL(request.url).pathname
    if (request.method !== 'POST') return fetch(url)
    return fetch(url, { method: 'POST', body: await request.arrayBuffer() })
  }
}
