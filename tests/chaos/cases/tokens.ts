/** Somebody tries publisher tokens: a thousand wrong ones, from an address of his own, while the room is on air. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import type { ChaosCase } from '../chaos-case.ts'
import { SERVER } from '../server-options.ts'
import type { Stage } from '../stage.ts'
import { onStage, UNSEEN } from './publisher.ts'

const TRIES = 1000
/** Every address of 127/8 is this machine: the limit is by address, and viewers come from another one. */
const ATTACKER = '127.0.0.66'

interface Try {
  status: number
  tookUs: number
  isNearly: boolean
}

const wrongToken: ChaosCase = {
  name: 'wrong-token',
  title: 'wrong publisher token, 1,000 times',
  bars: {
    ...UNSEEN,
    more: { accepted: 0, interruptions: 0, keyStillGood: true },
  },
  run: async (context) => {
    const server = await HeadwaterProcess.start(SERVER)
    try {
      return await onStage(context, { title: 'tokens', server }, async (stage) => {
        const tries: Try[] = []
        stage.mark('1,000 wrong tokens')
        for (let n = 0; n < TRIES; n++) tries.push(await tryOnce(stage, n))
        stage.mark('done')
        await sleep(10_000)
        const room = await stage.server.room(stage.room.id)
        const states = stage.states?.states().map(({ state }) => state) ?? []
        return {
          accepted: tries.filter(({ status }) => status < 400).length,
          refused401: tries.filter(({ status }) => status === 401).length,
          limited429: tries.filter(({ status }) => status === 429).length,
          interruptions: states.filter((state) => state === 'interrupted').length,
          keyStillGood: room.state === 'live' && room.program_id === stage.program,
          // Among those answered alike: a token right but for its end against one wrong from its start.
          nearlyRightUs: medianUs(tries, true),
          allWrongUs: medianUs(tries, false),
        }
      })
    } finally {
      await server.close()
    }
  },
}

/** Every other one is right but for its last characters. */
function tryOnce({ server, room }: Stage, n: number): Promise<Try> {
  const isNearly = n % 2 === 0
  const end = String(n).padStart(6, '0')
  const secretFrom = room.token.indexOf('_') + 1
  const length = room.token.length - secretFrom
  const secret = isNearly ? room.token.slice(secretFrom, -6) + end : end.padStart(length, '0')
  const token = room.token.slice(0, secretFrom) + secret
  const action = ['end', 'rotate-key'][n % 2] ?? 'end'
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}/api/v1/live/${room.id}/${action}`,
      { method: 'POST', localAddress: ATTACKER, headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        const tookUs = (performance.now() - startedAt) * 1000
        answer.resume().on('end', () => resolve({ status: answer.statusCode ?? 0, tookUs, isNearly }))
      },
    )
    sent.on('error', reject)
    sent.end('{}')
  })
}

function medianUs(tries: readonly Try[], isNearly: boolean): number {
  const sorted = tries
    .filter((each) => each.isNearly === isNearly && each.status === 429)
    .map(({ tookUs }) => tookUs)
    .toSorted((a, b) => a - b)
  return Math.round(sorted[sorted.length >> 1] ?? NaN)
}

export const TOKEN_CASES: readonly ChaosCase[] = [wrongToken]
