/** Many clients ask for one part that is not made yet: how often is the origin asked, and do all get the same bytes? */
import { createHash } from 'node:crypto'
import { Agent, request } from 'undici'
import type { HeadwaterProcess } from '../../support/headwater-process.ts'

const FETCHES = 'headwater_edge_origin_fetches_total{kind="part"}'
/** Far enough ahead that all have asked before it is there. */
const PARTS_AHEAD = 8

export async function measureHerd(server: HeadwaterProcess, roomId: string, clients: number) {
  const { program_id } = await server.room(roomId)
  const base = `${server.url}/live/${roomId}/${program_id}/360p`
  const playlist = await (await fetch(`${base}/index.m3u8`)).text()
  const [, msn = 0, part = 0] = (/TYPE=PART,URI="(\d+)\.(\d+)\.m4s"/.exec(playlist) ?? []).map(Number)
  const k = msn * 8 + part + PARTS_AHEAD
  const address = `${base}/${Math.floor(k / 8)}.${k % 8}.m4s`
  const agent = new Agent({ connections: clients, pipelining: 1 })
  const before = await server.metric(FETCHES)
  const answers = await Promise.all(
    Array.from({ length: clients }, async () => {
      const answer = await request(address, { dispatcher: agent })
      const bytes = Buffer.from(await answer.body.arrayBuffer())
      return {
        status: answer.statusCode,
        hash: createHash('sha256').update(bytes).digest('hex'),
        at: performance.now(),
      }
    }),
  )
  const originFetches = (await server.metric(FETCHES)) - before
  await agent.close()
  const times = answers.map(({ at }) => at)
  return {
    clients,
    originFetches,
    answered200: answers.filter(({ status }) => status === 200).length,
    distinctBodies: new Set(answers.map(({ hash }) => hash)).size,
    spreadMs: Math.round(Math.max(...times) - Math.min(...times)),
  }
}
