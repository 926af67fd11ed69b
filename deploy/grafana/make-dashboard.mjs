// Writes dashboards/headwater.json: `node deploy/grafana/make-dashboard.mjs`. What is in it stands here, one line a panel.
import { writeFileSync } from 'node:fs'

const rate = (metric, by = '') => `sum${by}(rate(${metric}[1m]))`
const quantile = (share) =>
  `histogram_quantile(${share}, ${rate('headwater_viewer_distance_seconds_bucket', ' by (le) ')})`
const mbit = (metric, by = '') => `8e-6 * ${rate(metric, by)}`

/** A shield is an edge, too, but answers edges. */
const OF_VIEWERS = '{job!="shield"}'

/** Title, unit, width (of 24), queries with their legends. */
const PANELS = [
  [
    'Viewers',
    'short',
    8,
    {
      'watch pages': 'sum(headwater_viewers)',
      FLV: `sum(headwater_edge_flv_clients${OF_VIEWERS})`,
      'in the cascade': 'sum(headwater_cascade_peers)',
    },
  ],
  ['Programs', 'short', 8, { '{{state}}': 'sum by (state) (headwater_program_state)' }],
  ['Up', 'short', 8, { '{{job}}': 'sum by (job) (up)' }],
  [
    'Interruptions a minute',
    'short',
    8,
    {
      interruptions: '60 * sum(rate(headwater_program_interruptions_total[5m]))',
      'changes of publisher': '60 * sum(rate(headwater_program_switches_total[5m]))',
      'hung encoders': '60 * sum(rate(headwater_encoders_hung_total[5m]))',
    },
  ],
  ['Distance to live, as viewers report it', 's', 8, { median: quantile(0.5), '95 %': quantile(0.95) }],
  [
    'Share of time stalled',
    'percentunit',
    8,
    {
      stalled: `${rate('headwater_viewer_stall_seconds_total')} / (${rate('headwater_viewer_stall_seconds_total')} + ${rate('headwater_viewer_played_seconds_total')})`,
    },
  ],
  ['Programs on a slate', 'short', 8, { 'on a slate': rate('headwater_program_slate_seconds_total') }],
  [
    'Cascade: share of bytes',
    'percentunit',
    8,
    {
      'from peers': `${rate('headwater_cascade_bytes_total{pipe="cascade"}')} / ${rate('headwater_cascade_bytes_total{pipe=~"cascade|http"}')}`,
    },
  ],
  [
    'Edges: requests a second',
    'reqps',
    8,
    { '{{result}}': rate(`headwater_edge_requests_total${OF_VIEWERS}`, ' by (result) ') },
  ],
  [
    'Edges: answered without a fetch',
    'percentunit',
    8,
    {
      'hit or coalesced': `${rate('headwater_edge_requests_total{job!="shield", result=~"hit|coalesced"}')} / ${rate(`headwater_edge_requests_total${OF_VIEWERS}`)}`,
    },
  ],
  [
    // Of edges and shields: where there are shields, theirs is what reaches the origin.
    'Fetches a second',
    'reqps',
    8,
    { '{{job}} {{kind}}': rate('headwater_edge_origin_fetches_total', ' by (job, kind) ') },
  ],
  [
    'Shields: answers to edges a second',
    'reqps',
    8,
    {
      '{{instance}} {{result}}': rate(
        'headwater_edge_requests_total{job="shield"}',
        ' by (instance, result) ',
      ),
    },
  ],
  [
    'Shields: whom the token sent where, a second',
    'reqps',
    8,
    { '{{result}}': rate('headwater_edge_bucket_total', ' by (result) ') },
  ],
  [
    'Upstreams: another was asked, a second',
    'reqps',
    8,
    {
      'gave no answer {{job}}': rate('headwater_edge_failovers_total', ' by (job) '),
      'was late {{job}}': rate('headwater_edge_hedges_total', ' by (job) '),
    },
  ],
  [
    'Edges: Mbit/s to viewers',
    'short',
    8,
    {
      '{{instance}} {{pipe}}': mbit(`headwater_edge_sent_bytes_total${OF_VIEWERS}`, ' by (instance, pipe) '),
      'roots of the cascade': mbit('headwater_cascade_bytes_total{pipe="root"}'),
    },
  ],
  [
    'Edges: waiting and FLV',
    'short',
    8,
    {
      'waiting {{instance}}': 'headwater_edge_waiting_viewers',
      'fetches {{instance}}': 'headwater_edge_fills',
      'FLV upstreams {{instance}}': 'headwater_edge_flv_upstreams',
    },
  ],
  [
    'Edges: FLV viewers too slow',
    'short',
    8,
    {
      'moved to a keyframe': rate('headwater_edge_flv_skips_total'),
      closed: rate('headwater_edge_flv_cuts_total'),
    },
  ],
  [
    'Encoders: cores',
    'short',
    8,
    {
      'used {{instance}}': 'sum by (instance) (rate(headwater_transcoder_encoder_cpu_seconds_total[1m]))',
      'projected {{instance}}': 'headwater_transcoder_projected_cores',
    },
  ],
  [
    'Processes: cores',
    'short',
    8,
    { '{{job}} {{instance}}': 'rate(headwater_process_cpu_seconds_total[1m])' },
  ],
  [
    'Processes: event loop late, p99',
    's',
    8,
    { '{{job}} {{instance}}': 'headwater_nodejs_eventloop_lag_p99_seconds' },
  ],
  ['Processes: memory', 'bytes', 8, { '{{job}} {{instance}}': 'headwater_process_resident_memory_bytes' }],
  ['TURN: allocations', 'short', 8, { '{{type}}': 'sum by (type) (turn_total_allocations)' }],
  [
    'TURN: Mbit/s',
    'short',
    8,
    { received: mbit('turn_total_traffic_rcvb'), sent: mbit('turn_total_traffic_sentb') },
  ],
]

const HEIGHT = 7
const PER_ROW = 3

const panels = PANELS.map(([title, unit, width, queries], index) => ({
  id: index + 1,
  title,
  type: 'timeseries',
  datasource: { type: 'prometheus', uid: 'prometheus' },
  gridPos: { x: (index % PER_ROW) * width, y: Math.floor(index / PER_ROW) * HEIGHT, w: width, h: HEIGHT },
  fieldConfig: {
    defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } },
    overrides: [],
  },
  options: { legend: { showLegend: true, placement: 'bottom' }, tooltip: { mode: 'multi' } },
  targets: Object.entries(queries).map(([legendFormat, expr], at) => ({
    refId: String.fromCharCode(65 + at),
    expr,
    legendFormat,
  })),
}))

const dashboard = {
  uid: 'headwater',
  title: 'Headwater',
  schemaVersion: 39,
  refresh: '10s',
  time: { from: 'now-1h', to: 'now' },
  panels,
}
const file = new URL('dashboards/headwater.json', import.meta.url)
if (process.argv.includes('--print')) process.stdout.write(`${JSON.stringify(dashboard, null, 2)}\n`)
else writeFileSync(file, `${JSON.stringify(dashboard, null, 2)}\n`)
