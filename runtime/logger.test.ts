import { describe, expect, it } from 'vitest'
import { captureLog } from '../tests/support/log-lines.ts'
import { ViewerTokens } from './viewer-token.ts'
import { createLogger, roomLogger, scrubSecrets } from './logger.ts'

const SECRET = 'Zk3hT9aQ1mN7xC5vB2gR8wLp'

describe('createLogger', () => {
  it('takes out secrets by field name, up to two objects down', () => {
    const { logger, text } = captureLog()
    logger.info({
      token: 'hunter2',
      req: { headers: { authorization: 'hunter2' } },
      room: { stream_key: 'hunter2' },
    })
    expect(text()).not.toContain('hunter2')
    expect(text().match(/\[redacted\]/g)).toHaveLength(3)
  })

  it('takes stream keys and tokens out of messages and stacks', () => {
    const { logger, text } = captureLog()
    logger.error(
      { err: new Error(`cannot open rtmp://host/live/abcdefghij_${SECRET}`) },
      `GET /x?token=${SECRET}`,
    )
    logger.info({ note: `Authorization: Bearer ${SECRET}` }, 'x')
    expect(text()).not.toContain(SECRET)
    expect(text()).toContain('abcdefghij_[redacted]')
  })

  it('writes JSON that still parses after scrubbing', () => {
    const { logger, lines } = captureLog()
    logger.info({ line: `said "Bearer ${SECRET}" \\ token=${SECRET}"` }, 'x')
    expect(lines()[0]).toMatchObject({ msg: 'x' })
  })

  it('takes secrets out of readable lines, too', () => {
    const written: string[] = []
    const destination = { write: (line: string) => void written.push(line) }
    createLogger({ level: 'info', destination, isPretty: true }).info(
      { streamKey: 'hunter2' },
      `abcdefghij_${SECRET}`,
    )
    expect(written.join('')).toContain('abcdefghij_[redacted]')
    expect(written.join('')).not.toMatch(new RegExp(`hunter2|${SECRET}`))
  })

  it('marks lines of a room with its id', () => {
    const { logger, lines } = captureLog()
    roomLogger(logger, 'abcdefghij').info('x')
    expect(lines()[0]).toMatchObject({ room: 'abcdefghij' })
  })
})

describe('scrubSecrets', () => {
  it('leaves ordinary text alone', () => {
    const line = 'room abcdefghij: snake_case_name, config_invalid, 720p, program_id=abc, bearer'
    expect(scrubSecrets(line)).toBe(line)
  })

  it('takes a viewer token out, wherever it stands', () => {
    const token = new ViewerTokens('s').sign('room', 1_800_000_000_000)
    const line = `GET /t/${token}/live/room/1.m4s, headwater_viewer=${token}, #token=${token} "${token}"`
    expect(scrubSecrets(line)).toBe(
      'GET /t/[redacted]/live/room/1.m4s, headwater_viewer=[redacted], #token=[redacted] "[redacted]"',
    )
  })

  it('knows keys of rooms whose ids have underscores', () => {
    expect(scrubSecrets(`my_room_${SECRET}`)).toBe('my_room_[redacted]')
  })
})
