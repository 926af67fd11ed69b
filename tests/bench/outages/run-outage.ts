/** Runs one outage under viewers that have come for it, and steady state without one. */
import { setTimeout as delay } from 'node:timers/promises'
import { Audience } from '../../support/hls-viewer/audience.ts'
import type { HeadwaterProcess } from '../../support/headwater-process.ts'
import { round } from '../support/statistics.ts'
import { missedBars, type Outage, type OutageContext, type OutageReport } from './outage.ts'

/** Watched before, to see that all is well, and after all is there again: a reserve's length. */
const BEFORE_MS = 3000
const AFTER_MS = 10_000
const HIT_SHARE = 0.99

export async function runOutage(outage: Outage, context: OutageContext): Promise<OutageReport> {
  const { cluster, room, program, viewers } = context
  const audience = await Audience.gather(cluster, { room, program, count: viewers })
  try {
    await delay(BEFORE_MS)
    audience.mark()
    cluster.wayToOrigin.take()
    const findings = await outage.run(context)
    await delay(AFTER_MS)
    const figures = audience.figures()
    return {
      name: outage.name,
      title: outage.title,
      ...figures,
      origin: perPart(cluster.wayToOrigin.take()),
      facts: findings.facts ?? {},
      missed: missedBars(outage, figures, findings),
    }
  } finally {
    await audience.close()
  }
}

export async function runSteady(context: OutageContext, seconds: number): Promise<OutageReport> {
  const { cluster } = context
  const title = `nothing happens, ${context.viewers} viewers, ${seconds} s`
  let before: Answered = { good: 0, all: 0 }
  const report = await runOutage(
    {
      name: 'steady',
      title,
      run: async () => {
        before = await answeredBy(cluster.edges)
        await delay(seconds * 1000)
        return {}
      },
    },
    context,
  )
  const after = await answeredBy(cluster.edges)
  const share = (after.good - before.good) / Math.max(1, after.all - before.all)
  report.facts['hitShare'] = round(share, 4)
  report.facts['requestsPerSecond'] = Math.round((after.all - before.all) / (seconds + AFTER_MS / 1000))
  if (!(share >= HIT_SHARE)) report.missed.push(`hit or coalesced: ${round(share, 4)}, bar ${HIT_SHARE}`)
  return report
}

interface Answered {
  /** From the cache, or by a fetch that others had begun. */
  good: number
  all: number
}

async function answeredBy(edges: readonly HeadwaterProcess[]): Promise<Answered> {
  const sum: Answered = { good: 0, all: 0 }
  for (const edge of edges) {
    const text = await (await fetch(`${edge.url}/metrics`)).text()
    for (const [, result = '', count] of text.matchAll(
      /^headwater_edge_requests_total\{result="(\w+)"\} (\d+)/gm,
    )) {
      sum.all += Number(count)
      if (result === 'hit' || result === 'coalesced') sum.good += Number(count)
    }
  }
  return sum
}

function perPart(counts: { parts: number; requests: number; most: number }): OutageReport['origin'] {
  return { ...counts, perPart: round(counts.requests / Math.max(1, counts.parts)) }
}
