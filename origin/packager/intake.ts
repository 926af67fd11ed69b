/** Takes in what an encoder writes: one fragmented-MP4 byte stream a rendition, by HTTP PUT. Never pauses one: that would stop all tracks. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseInit } from '../../media/fragment.ts'
import { FragmentStream } from '../../media/fragment-stream.ts'
import { MediaError } from '../../media/media-error.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Encoder } from '../program/encoding-jobs.ts'
import { EncodingChanged, type Packager } from './packager.ts'

export interface IntakeOptions {
  packager: Packager
  encoder: Encoder
  track: string
  logger: Logger
  /** What comes does not play with what viewers have: the program cannot go on. */
  onEncodingChanged: () => void
}

/** Answers when the body ends: 204, or 400 where it was not what it should be. */
export function takeIn(req: IncomingMessage, res: ServerResponse, options: IntakeOptions): void {
  const { packager, encoder, track, logger } = options
  const stop = (): void => void req.destroy()
  if (encoder.abort.signal.aborted) return stop()
  const stream = new FragmentStream()
  let timescale = 1
  encoder.abort.signal.addEventListener('abort', stop, { once: true })
  req.on('error', () => {}) // the encoder is gone; its transcoder knows
  req.on('close', () => encoder.abort.signal.removeEventListener('abort', stop))
  req.on('end', () => res.writeHead(204).end())
  req.on('data', (chunk: Buffer) => {
    if (encoder.abort.signal.aborted) return
    try {
      for (const event of stream.push(chunk)) {
        if (event.kind === 'init') {
          packager.init(track, event.bytes)
          timescale = parseInit(event.bytes).timescale
        } else {
          packager.video(track, event.samples)
          const last = event.samples.at(-1)
          if (last) encoder.watch.brought(track, ((last.time + last.duration) * 1000) / timescale)
        }
      }
    } catch (error) {
      if (!(error instanceof MediaError)) throw error
      const isOther = error instanceof EncodingChanged
      const what = isOther
        ? 'encoder makes what the program cannot go on with'
        : 'encoder wrote what is not fragmented MP4'
      logger.error({ ...(isOther && { code: 'encoding_changed' }), track, problem: error.message }, what)
      req.destroy()
      if (isOther) options.onEncodingChanged()
    }
  })
}
