/** The metrics of a process, in one registry; alone knows prom-client. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type { Counter, Gauge, Histogram } from 'prom-client'

/** Creates metrics whose names all begin with `headwater_`. Labels take values from small fixed sets only. */
export class Metrics {
  readonly #registry = new Registry()

  /** `hasProcess` adds the memory, CPU and event-loop metrics of the process. */
  constructor(options: { hasProcess?: boolean } = {}) {
    if (options.hasProcess === true) collectDefaultMetrics({ register: this.#registry, prefix: 'headwater_' })
  }

  counter<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Counter<Label> {
    return (
      this.#existing<Counter<Label>>(name) ??
      new Counter({ ...this.#settings(name, help), labelNames: labels })
    )
  }

  /** `collect` is asked at each scrape for gauges that are cheaper to read than to keep. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
    collect?: (gauge: Gauge<Label>) => void,
  ): Gauge<Label> {
    const settings = { ...this.#settings(name, help), labelNames: labels }
    if (collect === undefined) return this.#existing<Gauge<Label>>(name) ?? new Gauge(settings)
    const gauge: Gauge<Label> = new Gauge({ ...settings, collect: () => collect(gauge) })
    return gauge
  }

  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labels: readonly Label[] = [],
  ): Histogram<Label> {
    const settings = { ...this.#settings(name, help), buckets, labelNames: labels }
    return this.#existing<Histogram<Label>>(name) ?? new Histogram(settings)
  }

  /** Everything in the Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  // Two components of one kind in a process count into the same metric.
  #existing<M>(name: string): M | undefined {
    return this.#registry.getSingleMetric(name) as M | undefined
  }

  #settings(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    if (!/^headwater_[a-z0-9_]+$/.test(name)) throw new Error(`metric ${name} must begin with headwater_`)
    return { name, help, registers: [this.#registry] }
  }
}
