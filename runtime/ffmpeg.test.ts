import { expect, it } from 'vitest'
import { runSealed, SEALED_INPUT, type SealedCommand } from './ffmpeg.ts'

const LIMITS = {
  tool: 'ffmpeg',
  input: new Uint8Array(0),
  timeoutMs: 60_000,
  cpuSeconds: 20,
  maxOutputBytes: 1_000_000,
} as const

it('puts out what it makes of its input', async () => {
  const input = Buffer.from('P6 2 2 255\n............')
  const args = ['-f', 'ppm_pipe', '-i', SEALED_INPUT, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1']
  expect(await run({ args, input })).toMatchObject({ output: Buffer.from('............') })
})

it('says why it could not', async () => {
  const answer = await run({ args: ['-f', 'png_pipe', '-i', SEALED_INPUT, '-f', 'null', '-'] })
  expect(answer).toMatchObject({
    failure: 'failed',
    lines: expect.stringContaining('does not contain any stream'),
  })
})

it.each(['/etc/passwd', 'file:/etc/passwd', 'http://127.0.0.1:1/', 'concat:/etc/passwd', 'data:,x'])(
  'opens no %s',
  async (address) => {
    const answer = await run({ args: ['-f', 'rawvideo', '-s', '2x2', '-i', address, '-f', 'null', '-'] })
    expect(answer).toMatchObject({ failure: 'failed', lines: expect.stringMatching(/not on whitelist/i) })
  },
)

it('is ended after so much time of the processor, of the wall, of memory and of output', async () => {
  const endless = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080', '-f', 'null', '-']
  expect(await run({ args: endless, cpuSeconds: 1 })).toMatchObject({ failure: 'timeout' })
  expect(await run({ args: ['-re', ...endless], timeoutMs: 200 })).toMatchObject({ failure: 'timeout' })
  const huge = ['-f', 'lavfi', '-i', 'color=s=15000x15000:d=1', '-pix_fmt', 'rgba', '-f', 'null', '-']
  expect(await run({ args: huge })).toMatchObject({ lines: expect.stringContaining('allocate') })
  const much = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080', '-f', 'rawvideo', 'pipe:1']
  expect(await run({ args: much })).toMatchObject({ failure: 'too-much-output' })
})

it('is ended when it is asked to', async () => {
  const closing = new AbortController()
  const args = ['-re', '-f', 'lavfi', '-i', 'testsrc2', '-f', 'null', '-']
  const running = runSealed({ ...LIMITS, args, signal: closing.signal })
  closing.abort()
  expect(await running).toMatchObject({ failure: 'aborted' })
})

function run(command: Partial<SealedCommand> & { args: readonly string[] }): ReturnType<typeof runSealed> {
  return runSealed({ ...LIMITS, signal: new AbortController().signal, ...command })
}
