import { expect, it } from 'vitest'
import { leaksIn } from './leaks.ts'
import type { Held, ProcessReport } from './sampler.ts'

const IDLE: Held = { rssMib: 90, heapMib: 30, fds: 25, sockets: 8, handles: 9, ffmpegs: 0 }
const STEADY = { perHour: 3, growth: 1, noise: 4 }
const WELL: ProcessReport = {
  ...{ idleBefore: IDLE, idleAfter: IDLE, most: IDLE },
  trends: { rssMib: STEADY, heapMib: STEADY, fds: STEADY, sockets: STEADY, handles: STEADY, ffmpegs: STEADY },
}

it('finds nothing where all is as before', () => {
  expect(leaksIn({ origin: WELL })).toEqual([])
})

it.each(['rssMib', 'fds', 'handles'] as const)('finds %s that grow', (of) => {
  const trends = { ...WELL.trends, [of]: { perHour: 90, growth: 30, noise: 1 } }
  expect(leaksIn({ edge: { ...WELL, trends } })).toEqual([`edge: ${of} grew by 30, 90 an hour`])
})

it('finds what is left when all streams have ended', () => {
  const idleAfter = { ...IDLE, fds: 60, ffmpegs: 1 }
  expect(leaksIn({ transcoder: { ...WELL, idleAfter } })).toEqual([
    'transcoder: 35 more files and sockets open than before',
    'transcoder: 1 ffmpeg left',
  ])
})
