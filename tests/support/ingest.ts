/** The RTMP port on its own: whoever's key begins with `good` may publish, and what arrives is kept. */

import { setImmediate as turn } from 'node:timers/promises'
import { RtmpListener, type RtmpListenerOptions } from '../../origin/ingest/rtmp-listener.ts'
import type {
  EndReason,
  Publication,
  PublishRequest,
  Refusal,
  RtmpSession,
} from '../../origin/ingest/rtmp-session.ts'
import type { FlvTag } from '../../media/flv-tag.ts'
import { captureLog, type CapturedLog } from './log-lines.ts'

export interface Received {
  name: string
  session: RtmpSession
  tags: FlvTag[]
  end: EndReason | null
}

export interface RunningIngest {
  listener: RtmpListener
  port: number
  received: Received[]
  asked: PublishRequest[]
  log: CapturedLog
  find(name: string): Received
}

export type Authorise = (request: PublishRequest) => Promise<boolean>

const byName: Authorise = async ({ app, streamName }) => {
  await turn()
  return app === 'live' && streamName.startsWith('good')
}

export async function startIngest(
  options: Partial<RtmpListenerOptions> = {},
  mayPublish = byName,
): Promise<RunningIngest> {
  const received: Received[] = []
  const asked: PublishRequest[] = []
  const log = captureLog()
  const authorise = async (request: PublishRequest, session: RtmpSession): Promise<Publication | Refusal> => {
    asked.push(request)
    if (!(await mayPublish(request))) return { description: 'wrong stream key' }
    const entry: Received = { name: request.streamName, session, tags: [], end: null }
    received.push(entry)
    return {
      receive: (tag) => void entry.tags.push(tag),
      overrun: () => session.refuse('too much'),
      end: (reason) => void (entry.end = reason),
    }
  }
  const listener = new RtmpListener({ host: '127.0.0.1', port: 0, logger: log.logger, authorise, ...options })
  await listener.start()
  const find = (name: string): Received => {
    const entry = received.findLast((each) => each.name === name)
    if (!entry) throw new Error(`${name} was not accepted`)
    return entry
  }
  return { listener, port: listener.port, received, asked, log, find }
}
