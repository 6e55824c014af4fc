/** What the gateway counts, for Prometheus. Nothing here names a caller, a model's input or an answer. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export class Metrics {
  readonly registry = new Registry()
  readonly #calls = new Counter({
    name: 'answerable_calls_total',
    help: 'Calls answered, by HTTP status class',
    labelNames: ['class'],
    registers: [this.registry],
  })
  readonly #seconds = new Histogram({
    name: 'answerable_call_seconds',
    help: 'From the first byte of a call to its recorded answer',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [this.registry],
  })

  /** A counter a status class, looked up once: labels cost more than counting. */
  readonly #classes = [1, 2, 3, 4, 5].map(first => this.#calls.labels({ class: `${first}xx` }))

  call(status: number, milliseconds: number): void {
    this.#classes[Math.floor(status / 100) - 1]?.inc()
    this.#seconds.observe(milliseconds / 1000)
  }

  readonly #opinions = new Counter({
    name: 'answerable_opinions_total',
    help: 'Calls that asked several models, by what became of them',
    labelNames: ['outcome'],
    registers: [this.registry],
  })

  opinions(outcome: string): void {
    this.#opinions.inc({ outcome })
  }

  /** A gauge that is asked for its value when it is read. */
  observe(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value())
      },
    })
  }
}
