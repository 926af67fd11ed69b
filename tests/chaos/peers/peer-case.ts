/** The 3 s outage as viewers of other servers see it, measured in the same run with the same meters. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { Child } from '../../bench/support/child.ts'
import { CounterSource } from '../../support/counter-source.ts'
import { eventually } from '../../support/eventually.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { NO_FIGURES, type CaseContext, type ChaosCase, type Outcome } from '../chaos-case.ts'
import { stallsOf } from '../meters/screen.ts'
import { SCREEN_SCRIPT, type ScreenLog } from '../meters/screen-script.ts'
import { joined } from '../picture.ts'
import { startNginx } from './nginx.ts'
import { servePlainPage, type PlainPlayer } from './plain-page.ts'

export interface Peer {
  rtmpPort: number
  publishName: string
  player: PlainPlayer
  /** What its viewers play. */
  address: string
  close: () => Promise<void>
}

const WARM_MS = 14_000
const DOWN_MS = 3000
/** A viewer who waits for longer than this reloads the page. */
const PATIENCE_MS = 15_000
const AFTER_MS = 4000

function peerCase(name: string, title: string, start: () => Promise<Peer>): ChaosCase {
  return {
    name,
    title,
    bars: {},
    run: async (context) => {
      const peer = await start()
      const proxy = await TcpProxy.start(() => peer.rtmpPort)
      const source = new CounterSource(`rtmp://127.0.0.1:${proxy.port}/live/${peer.publishName}`)
      try {
        return await watchOutage(context, peer, { proxy, source })
      } finally {
        await source.close()
        await proxy.close()
        await peer.close()
      }
    },
  }
}

interface Publishing {
  proxy: TcpProxy
  source: CounterSource
}

async function watchOutage({ browser }: CaseContext, peer: Peer, publishing: Publishing): Promise<Outcome> {
  const { source } = publishing
  source.start()
  await eventually(() => isThere(peer.address), 20_000)
  const plain = await servePlainPage(peer.player, peer.address)
  const context = await browser.newContext({ viewport: { width: 480, height: 360 } })
  try {
    await context.addInitScript(SCREEN_SCRIPT)
    const page = await context.newPage()
    await page.goto(plain.url)
    await eventually(async () => (await logOf(page)).frames.length > 0, 30_000)
    await sleep(WARM_MS)
    const fromMs = Date.now()
    const killedAtMs = await source.kill()
    await sleep(DOWN_MS)
    const run = source.start()
    const isBack = async (): Promise<boolean> =>
      ((await logOf(page)).frames.at(-1)?.[3] ?? 0) >= run.firstCounter
    const cameBack = await eventually(isBack, PATIENCE_MS).then(
      () => true,
      () => false,
    )
    await sleep(cameBack ? AFTER_MS : 0)
    const log = await logOf(page)
    const untilMs = Date.now()
    const events = (await page.evaluate('window.plainEvents')) as [number, string][]
    let afterReload: boolean | null = null
    if (!cameBack) {
      await page.reload()
      afterReload = await eventually(isBack, PATIENCE_MS).then(
        () => true,
        () => false,
      )
    }
    return outcome(
      { log, fromMs, untilMs, killedAtMs, events, afterReload, firstCounter: run.firstCounter },
      publishing,
    )
  } finally {
    await context.close()
    await plain.close()
  }
}

interface Seen {
  log: ScreenLog
  fromMs: number
  untilMs: number
  killedAtMs: number
  events: [number, string][]
  /** null: no reload was needed. */
  afterReload: boolean | null
  firstCounter: number
}

function outcome(seen: Seen, { proxy, source }: Publishing): Outcome {
  const { log, fromMs, untilMs, killedAtMs, events, afterReload } = seen
  const stalls = stallsOf(log, fromMs, untilMs)
  const real = stalls.filter(({ isMachine }) => !isMachine)
  const shownAtMs = log.frames.find(
    ([, , , counter]) => counter !== null && counter >= seen.firstCounter,
  )?.[0]
  const keyframeAtMs = proxy.connections.at(-1)?.sniffer.firstKeyframeAtMs ?? null
  const complaints = [...new Set(events.filter(([atMs]) => atMs >= fromMs).map(([, text]) => text))]
  return {
    figures: {
      ...NO_FIGURES,
      outageMs: DOWN_MS,
      stallMs: Math.round(real.reduce((sum, { gapMs }) => sum + gapMs, 0)),
      stalls: real.length,
      machineGaps: stalls.length - real.length,
      reloads: afterReload === null ? 0 : 1,
      backOnScreenMs:
        shownAtMs === undefined || keyframeAtMs === null ? null : Math.round(shownAtMs - keyframeAtMs),
      more: {
        neededReload: afterReload !== null,
        ...(afterReload === null ? {} : { playsAfterReload: afterReload }),
        errors: complaints.join('; ') || 'none',
      },
    },
    timeline: {
      fromMs: fromMs - 6000,
      toMs: untilMs,
      marks: [
        { atMs: killedAtMs, text: 'publisher killed' },
        { atMs: source.runs.at(-1)?.startedAtMs ?? killedAtMs, text: 'publisher back' },
      ],
      lanes: [
        {
          name: 'publisher sends',
          spans: joined(
            proxy.connections.flatMap(({ sniffer }) => sniffer.video.map(({ atMs }) => atMs)),
            'good',
          ).filter(({ toMs }) => toMs > fromMs - 6000),
        },
        {
          name: 'screen',
          spans: [
            ...joined(
              log.frames.map(([atMs]) => atMs).filter((atMs) => atMs > fromMs - 6000),
              'good',
            ),
            ...stalls.map(({ atMs, gapMs, isMachine }) => ({
              fromMs: atMs,
              toMs: atMs + gapMs,
              kind: isMachine ? ('machine' as const) : ('bad' as const),
              text: `${Math.round(gapMs)} ms`,
            })),
          ],
        },
      ],
    },
  }
}

function logOf(page: Page): Promise<ScreenLog> {
  return page.evaluate('window.chaosLog') as Promise<ScreenLog>
}

/** FLV answers without an end: its header is enough. */
async function isThere(address: string): Promise<boolean> {
  const gone = new AbortController()
  const answer = await fetch(address, { signal: gone.signal }).catch(() => null)
  gone.abort()
  return answer?.ok ?? false
}

async function startNodeMediaServer(): Promise<Peer> {
  const file = new URL('../../bench/support/nms-process.ts', import.meta.url)
  const { child, ready } = await Child.start<{ rtmpPort: number; httpPort: number }>(file, [])
  return {
    rtmpPort: ready.rtmpPort,
    publishName: 'chaos',
    player: 'mpegts.js',
    address: `http://127.0.0.1:${ready.httpPort}/live/chaos.flv`,
    close: () => child.close(),
  }
}

export const PEER_CASES: readonly ChaosCase[] = [
  peerCase(
    'peer-nms',
    'node-media-server 4.4.3, FLV with plain mpegts.js: publisher killed, back after 3 s',
    startNodeMediaServer,
  ),
  peerCase('peer-nginx', 'nginx-rtmp, HLS with plain hls.js: publisher killed, back after 3 s', startNginx),
]
