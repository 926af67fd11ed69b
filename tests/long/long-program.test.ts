import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, it } from 'vitest'
import { readPart, runningNumber } from '../../media/part.ts'

const LIFE_MS = 6 * 60_000 + 10_000

it('goes on for more than six minutes in one program, every part in its place', async () => {
  const { url, roomId, programId, startedAtMs } = inject('longProgram')
  await sleep(Math.max(0, startedAtMs + LIFE_MS - Date.now()))
  const { data } = (await (await fetch(`${url}/api/v1/live/${roomId}`)).json()) as {
    data: { state: string; program_id: string }
  }
  expect(data).toMatchObject({ state: 'live', program_id: programId })
  const playlist = await (await fetch(`${url}/live/${roomId}/${programId}/180p/index.m3u8`)).text()
  const [, msn = 0, part = 0] = (/TYPE=PART,URI="(\d+)\.(\d+)\.m4s"/.exec(playlist) ?? []).map(Number)
  const bytes = new Uint8Array(
    await (await fetch(`${url}/live/${roomId}/${programId}/180p/${msn}.${part}.m4s`)).arrayBuffer(),
  )
  const { header } = readPart(bytes)
  // Numbers are time: as many quarter seconds as the program is old, give or take what is under way.
  const expected = 40 + (Date.now() - startedAtMs) / 250
  expect(Math.abs(runningNumber(header) - expected)).toBeLessThan(24)
})
