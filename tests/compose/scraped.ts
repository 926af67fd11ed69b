/** What Prometheus of docker-compose.yml has seen: every process of Headwater, and shields that do what they are there for. */
import { z } from 'zod'
import { eventually } from '../support/eventually.ts'

const URL = 'http://127.0.0.1:9090/api/v1/query'
/** Several turns of asking DNS, every 15 s, and of scraping, every 10 s. */
const LIMIT_MS = 90_000
const UP = { origin: 1, transcoder: 1, edge: 2, shield: 2 }

const answerSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.object({ job: z.string() }), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
})

/** Throws where a process is not asked, or shields are not. */
export async function untilScraped(): Promise<void> {
  let seen = ''
  await eventually(async () => {
    const up = await byJob('sum by (job) (up{job!="coturn"})')
    const answers = await byJob(
      'sum by (job) (headwater_edge_requests_total{job="shield", result=~"hit|coalesced|miss"})',
    )
    seen = JSON.stringify({ up, answers })
    return Object.entries(UP).every(([job, count]) => up[job] === count) && (answers['shield'] ?? 0) > 0
  }, LIMIT_MS).catch(() => {
    throw new Error(`Prometheus has not seen what it should: ${seen}`)
  })
  console.log(JSON.stringify({ prometheus: JSON.parse(seen) as unknown }))
}

async function byJob(query: string): Promise<Record<string, number>> {
  const answer = await fetch(`${URL}?${new URLSearchParams({ query })}`)
  const { data } = answerSchema.parse(await answer.json())
  return Object.fromEntries(data.result.map(({ metric, value: [, value] }) => [metric.job, Number(value)]))
}
