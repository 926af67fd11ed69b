/** The encoder dies, or hangs, while the publisher goes on sending: nothing of what was sent may be lost. */
import { eventually } from '../../support/eventually.ts'
import type { ChaosCase } from '../chaos-case.ts'
import { encodersOf } from '../processes.ts'
import { onStage, UNSEEN_AND_IN_SYNC } from './publisher.ts'

const FOUND_LIMIT_MS = 5000
const SEEN_MS = 13_000

function encoderCase(signal: 'SIGKILL' | 'SIGSTOP', limitMs: number): ChaosCase {
  const isKill = signal === 'SIGKILL'
  return {
    name: isKill ? 'encoder-killed' : 'encoder-stopped',
    title: isKill ? 'encoder (ffmpeg) killed with -9' : 'encoder (ffmpeg) stopped, alive and silent',
    isShort: isKill,
    bars: {
      ...UNSEEN_AND_IN_SYNC,
      longestWithoutPartsMs: limitMs,
    },
    run: (context) =>
      onStage(context, { title: 'encoder' }, async (stage) => {
        const find = (): number[] => encodersOf(stage.server.child.pid ?? 0, stage.program)
        await eventually(() => find().length > 0, FOUND_LIMIT_MS)
        const [pid = 0] = find()
        process.kill(pid, signal)
        stage.mark(isKill ? 'encoder killed' : 'encoder stopped')
        const atMs = Date.now()
        await stage.untilParts()
        const backMs = (stage.video?.parts.find((part) => part.atMs > atMs + 20)?.atMs ?? NaN) - atMs
        // Until what was encoded meanwhile has been on the screen: the reserve is 9 s.
        await new Promise((resolve) => setTimeout(resolve, SEEN_MS))
        const isGone = await eventually(() => !find().includes(pid), FOUND_LIMIT_MS).then(
          () => true,
          () => false,
        )
        if (!isGone) process.kill(pid, 'SIGKILL')
        return { firstPartAfterMs: Math.round(backMs), oldEncoderGone: isGone }
      }),
  }
}

export const ENCODER_CASES: readonly ChaosCase[] = [
  encoderCase('SIGKILL', 1000),
  encoderCase('SIGSTOP', 2000),
]
