/** What Prometheus and Grafana are told to look at exists, and what they are told parses. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { HeadwaterProcess } from '../support/headwater-process.ts'

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy')
const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })),
    }),
  ),
})
const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
})

function read(file: string): string {
  return readFileSync(path.join(DEPLOY, file), 'utf8')
}

const dashboard = dashboardSchema.parse(JSON.parse(read('grafana/dashboards/headwater.json')))
const rules = rulesSchema.parse(parse(read('prometheus/alerts.yml'))).groups.flatMap((group) => group.rules)
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
]

describe('what is asked of Prometheus', () => {
  let headwater: HeadwaterProcess
  /** Name, and its labels as far as there are samples. */
  let metrics: string

  beforeAll(async () => {
    headwater = await HeadwaterProcess.start()
    metrics = await (await fetch(`${headwater.url}/metrics`)).text()
  })
  afterAll(() => headwater.close())

  it.each(queries)('exists: %s', (_, expr) => {
    const names = [...expr.matchAll(/\bheadwater_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))
    const unknown = names.filter((name) => !metrics.includes(`# TYPE ${name} `))
    expect(unknown).toEqual([])
    // Of others there is only what coturn counts and what Prometheus says itself.
    expect(
      names.length > 0 || /\bup\b|\bturn_total_(?:allocations|traffic_(?:rcvb|sentb))\b/.test(expr),
    ).toBe(true)
  })
})

it('what is said of edges is said without the shields, which answer edges and no viewers', () => {
  const ofEdges = queries.filter(
    ([name]) => /^Edges: (?:requests|answered|Mbit)/.test(name) || ['HitRatioLow', 'EdgeDown'].includes(name),
  )
  expect(new Set(ofEdges.map(([name]) => name)).size).toBe(5)
  for (const [, expr] of ofEdges)
    for (const [selector] of expr.matchAll(/\b(?:headwater_edge_\w+|up)(?:\{[^}]*\})?/g))
      expect(selector).toMatch(/job(?:!="shield"|="edge")/)
})

it('the dashboard is the one its script makes', () => {
  const script = path.join(DEPLOY, 'grafana/make-dashboard.mjs')
  const made = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' })
  expect(JSON.parse(read('grafana/dashboards/headwater.json'))).toEqual(JSON.parse(made))
})

it('every alert stands in docs/operations.md, and no other', () => {
  const text = readFileSync(path.join(DEPLOY, '../docs/operations.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(([, name]) => name)
  expect(documented).toEqual(rules.map(({ alert }) => alert))
})

const promtool = ['/usr/bin/promtool', process.env['PROMTOOL_PATH'] ?? ''].find((file) => existsSync(file))
if (promtool === undefined) console.warn('rules are not checked by promtool: apt-get install prometheus')
it.skipIf(promtool === undefined)('promtool finds nothing wrong', () => {
  for (const args of [
    ['check', 'config', path.join(DEPLOY, 'prometheus/prometheus.yml')],
    ['check', 'rules', path.join(DEPLOY, 'prometheus/alerts.yml')],
  ])
    execFileSync(promtool ?? '', args, { stdio: 'pipe' })
})
