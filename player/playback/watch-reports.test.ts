import { expect, it } from 'vitest'
import type { RoomChannel } from '../room/room-channel.ts'
import { REPORT_MS, WatchReports } from './watch-reports.ts'

function open() {
  const sent: object[] = []
  const channel = { isOpen: true, send: (message: object) => channel.isOpen && sent.push(message) > 0 }
  const totals = { distanceMs: 9000.4, stalls: 1, stallMs: 200, playedMs: 5000 }
  const reports = new WatchReports(channel as unknown as RoomChannel, 0, () => 0)
  const look = (atMs: number): void => reports.look(atMs, () => ({ ...totals }))
  return { sent, channel, totals, look }
}

it('tells what came since the report before, about every ten seconds', () => {
  const { sent, totals, look } = open()
  for (let atMs = 0; atMs <= REPORT_MS; atMs += 200) look(atMs)
  expect(sent).toEqual([
    { type: 'watch-stats', distance_ms: 9000.4, stalls: 1, stall_ms: 200, played_ms: 5000 },
  ])
  Object.assign(totals, { stalls: 3, stallMs: 500, playedMs: 15_000 })
  look(2 * REPORT_MS)
  expect(sent[1]).toMatchObject({ stalls: 2, stall_ms: 300, played_ms: 10_000 })
})

it('keeps what it could not tell for when there is a connection', () => {
  const { sent, channel, totals, look } = open()
  channel.isOpen = false
  look(REPORT_MS)
  totals.stalls = 4
  channel.isOpen = true
  look(2 * REPORT_MS)
  expect(sent).toMatchObject([{ stalls: 4 }])
})
