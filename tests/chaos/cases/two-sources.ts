/** Two publishers at once: with one key, and with a standby key of its own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { counterDistance } from '../../support/counting-picture.ts'
import { CounterSource, SMALL } from '../../support/counter-source.ts'
import { eventually } from '../../support/eventually.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { CannotRun, type ChaosCase } from '../chaos-case.ts'
import type { SeenFrame } from '../meters/frames.ts'
import type { Stage } from '../stage.ts'
import { onStage, UNSEEN } from './publisher.ts'

const ATTEMPTS = 3
const REFUSED_LIMIT_MS = 8000

const oneKey: ChaosCase = {
  name: 'two-publishers',
  title: 'a second publisher with the same key, three times',
  bars: {
    ...UNSEEN,
    more: { refusedAfterMs: 2000, interruptions: 0 },
  },
  run: (context) =>
    onStage(context, { title: 'two publishers' }, async (stage) => {
      const newcomer = new CounterSource(stage.server.publishUrl(stage.room))
      const refusedAfter: number[] = []
      for (let n = 0; n < ATTEMPTS; n++) {
        newcomer.start()
        stage.mark('newcomer')
        const fromMs = Date.now()
        await Promise.race([newcomer.exited, sleep(REFUSED_LIMIT_MS)])
        refusedAfter.push(newcomer.isRunning ? Infinity : Date.now() - fromMs)
        await newcomer.close()
        await sleep(1000)
      }
      await sleep(10_000)
      const states = stage.states?.states().map(({ state }) => state) ?? []
      return {
        refusedAfterMs: Math.max(...refusedAfter),
        interruptions: states.filter((state) => state === 'interrupted').length,
      }
    }),
}

const keySchema = z.object({ data: z.looseObject({ backup_stream_key: z.string().nullable() }) })

const standby: ChaosCase = {
  name: 'standby',
  title: 'primary publisher killed with a standby live',
  bars: {
    stallMs: 0,
    noOverlay: true,
    reloads: 0,
    contiguous: true,
    flvKept: true,
    lipSyncMs: 40,
    more: { lostMs: 1000 },
  },
  run: (context) =>
    onStage(context, { title: 'standby' }, async (stage) => {
      const spare = await standbyOf(stage)
      try {
        spare.source.start()
        await eventually(() => hasSent(spare.proxy, 60) || !spare.source.isRunning, REFUSED_LIMIT_MS)
        if (!spare.source.isRunning)
          throw new CannotRun(`the standby publisher is refused: ${spare.source.output.trim()}`)
        const killedAtMs = await stage.source.kill()
        stage.mark('primary killed', killedAtMs)
        await sleep(14_000)
        return ({ frames }) => ({ lostMs: lostAt(frames, killedAtMs) })
      } finally {
        await spare.close()
      }
    }),
}

function hasSent(proxy: TcpProxy, frames: number): boolean {
  return proxy.connections.some(({ sniffer }) => sniffer.video.length >= frames)
}

/** Both count by the wall clock: a counter around the switch that is nowhere in the program was never shown. */
function lostAt(frames: readonly SeenFrame[], fromMs: number): number | null {
  const counters = frames
    .filter(({ arrivedAtMs }) => arrivedAtMs > fromMs - 2000)
    .flatMap(({ counter }) => counter ?? [])
  const hasSwitched = frames.some(
    ({ arrivedAtMs, counter }) => arrivedAtMs > fromMs + 5000 && counter !== null,
  )
  const [first = 0] = counters
  const places = new Set(counters.map((counter) => counterDistance(first, counter)))
  const [from, to] = [Math.min(...places), Math.max(...places)]
  const missing = Array.from({ length: to - Math.max(0, from) }, (_, place) => place).filter(
    (place) => !places.has(place),
  )
  return hasSwitched ? Math.round((missing.length * 1000) / SMALL.fps) : null
}

async function standbyOf(
  stage: Stage,
): Promise<{ source: CounterSource; proxy: TcpProxy; close: () => Promise<void> }> {
  const answer = await stage.server.api('POST', `/api/v1/live/${stage.room.id}/rotate-key`, {
    which: 'standby',
  })
  const key = keySchema.safeParse(await answer.json())
  if (!key.success || !key.data.data.backup_stream_key) throw new CannotRun('the server has no standby key')
  const proxy = await TcpProxy.start(() => stage.server.rtmpPort)
  const source = new CounterSource(`rtmp://127.0.0.1:${proxy.port}/live/${key.data.data.backup_stream_key}`)
  return {
    source,
    proxy,
    async close() {
      await source.close()
      await proxy.close()
    },
  }
}

export const TWO_SOURCE_CASES: readonly ChaosCase[] = [oneKey, standby]
