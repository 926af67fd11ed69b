/**
 * A program that begins before the first end-to-end test and is looked at after the last: it lives longer than the 300 s
 * after which Node ends a request by default, and costs the suite no time of its own.
 */
import type { TestProject } from 'vitest/node'
import { HeadwaterProcess } from './headwater-process.ts'
import { publishFlashes } from './publisher.ts'

export interface LongProgram {
  url: string
  roomId: string
  programId: string
  startedAtMs: number
}

declare module 'vitest' {
  export interface ProvidedContext {
    longProgram: LongProgram
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await HeadwaterProcess.start()
  const room = await server.createRoom('Long')
  const publisher = publishFlashes({ url: server.publishUrl(room), size: '320x180', fps: '24' })
  const programId = await server.live(room.id)
  project.provide('longProgram', { url: server.url, roomId: room.id, programId, startedAtMs: Date.now() })
  return async () => {
    await publisher.close()
    await server.close()
  }
}
