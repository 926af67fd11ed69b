/** OBS itself as publisher: `npm run test:obs`. */
import { afterEach, describe, expect, it } from 'vitest'
import { probe } from '../../runtime/ffmpeg.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { Obs } from '../support/obs.ts'

const SOON_MS = 20_000
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function start(env: Record<string, string> = {}, dataDir?: string): Promise<HeadwaterProcess> {
  const server = await HeadwaterProcess.start({ env, ...(dataDir === undefined ? {} : { dataDir }) })
  open.push(server)
  return server
}

async function startObs(server: HeadwaterProcess, key: string): Promise<Obs> {
  const obs = await Obs.start({ server: `rtmp://127.0.0.1:${server.rtmpPort}/live`, key })
  open.push(obs)
  return obs
}

describe('OBS', () => {
  it('starts, plays, and ends the picture with a goodbye', async () => {
    const server = await start()
    const room = await server.createRoom()
    const obs = await startObs(server, room.key)
    await obs.until(/Connection to .* successful/, SOON_MS)
    const program = await server.live(room.id)
    const streams = await probe(`${server.url}/live/${room.id}/${program}/360p/index.m3u8`, [])
    expect(streams[0]).toMatchObject({ codec: 'h264', width: 640, height: 360 })
    const facts = (await server.room(room.id)) as unknown as {
      publisher: { warnings: unknown[]; encoder: string }
    }
    expect(facts.publisher.encoder).toContain('obs')
    expect(facts.publisher.warnings).toEqual([])
    await obs.close('SIGINT')
    expect((await server.room(room.id)).state).toBe('interrupted')
  })

  it('shows a wrong key as a failure at once', async () => {
    const server = await start()
    const room = await server.createRoom()
    const obs = await startObs(server, `${room.id}_wrongwrongwrongwrongwrong`)
    await obs.until(/Connection to .* failed|Streaming Stop/, SOON_MS)
    expect(obs.log).not.toMatch(/Connection to .* successful/)
    expect((await server.room(room.id)).state).toBe('idle')
  })

  it('comes back by itself when the server was killed and started again', async () => {
    const first = await start()
    const room = await first.createRoom()
    const obs = await startObs(first, room.key)
    await first.live(room.id)
    const ports = { HTTP_PORT: new URL(first.url).port, RTMP_PORT: `${first.rtmpPort}` }
    const seen = obs.log.length
    first.child.kill('SIGKILL')
    await first.exited
    const second = await start(ports, first.dataDir)
    await obs.until(/Connection to .* successful/, SOON_MS, seen)
    await second.live(room.id)
  })
})
