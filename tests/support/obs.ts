/** OBS Studio without a screen: under Xvfb with software OpenGL, a configuration tree of its own, kept off the network. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.ts'
import { obsFiles } from './obs-config.ts'

export interface ObsOptions {
  server: string
  key: string
  /** X display number, one an instance. */
  display?: number
}

const XVFB_LIMIT_MS = 5000

export class Obs {
  readonly #children: ChildProcess[]
  readonly #folder: string
  readonly exited: Promise<number | null>
  #log = ''

  constructor(xvfb: ChildProcess, obs: ChildProcess, folder: string) {
    this.#children = [obs, xvfb]
    this.#folder = folder
    this.exited = new Promise((resolve) => obs.once('exit', (code) => resolve(code)))
    for (const stream of [obs.stdout, obs.stderr]) stream?.on('data', (chunk) => (this.#log += String(chunk)))
  }

  /** Starts OBS, which begins to stream at once. */
  static async start({ server, key, display = 77 }: ObsOptions): Promise<Obs> {
    const folder = await mkdtemp(path.join(tmpdir(), 'headwater-obs-'))
    for (const [name, text] of Object.entries(obsFiles({ server, key }))) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
      await writeFile(path.join(folder, name), text)
    }
    await mkdir(path.join(folder, 'home'))
    const xvfb = spawn(
      'Xvfb',
      [`:${display}`, '-screen', '0', '1024x768x24', '-nolisten', 'tcp', '-displayfd', '3'],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    )
    let isUp = false
    xvfb.stdio[3]?.on('data', () => (isUp = true)) // the display's number, once it takes clients
    await eventually(() => isUp, XVFB_LIMIT_MS)
    return new Obs(
      xvfb,
      spawn('obs', OBS_ARGUMENTS, { env: environment(folder, display), stdio: ['ignore', 'pipe', 'pipe'] }),
      folder,
    )
  }

  get log(): string {
    return this.#log
  }

  /** Resolves when the log has a line like this, from a position of the log on. */
  async until(pattern: RegExp, limitMs: number, from = 0): Promise<void> {
    await eventually(() => pattern.test(this.#log.slice(from)), limitMs).catch(() => {
      throw new Error(`OBS did not say ${pattern}:\n${this.#log.slice(-3000)}`)
    })
  }

  /** SIGINT is OBS's clean exit: it says goodbye to the server. */
  async close(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const [obs, xvfb] = this.#children
    if (obs?.exitCode === null && obs.signalCode === null) obs.kill(signal)
    await this.exited
    xvfb?.kill('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const OBS_ARGUMENTS = [
  ...['--multi', '--profile', 'test', '--collection', 'test', '--scene', 'Scene', '--startstreaming'],
  ...['--minimize-to-tray', '--disable-missing-files-check', '--verbose'],
]

/** A dead proxy on loopback keeps the services plugin from asking the network. */
function environment(folder: string, display: number): Record<string, string> {
  const proxy = 'http://127.0.0.1:9'
  return {
    PATH: '/usr/bin:/bin',
    HOME: path.join(folder, 'home'),
    XDG_CONFIG_HOME: folder,
    XDG_RUNTIME_DIR: path.join(folder, 'home'),
    DISPLAY: `:${display}`,
    LANG: 'C.UTF-8',
    QT_QPA_PLATFORM: 'xcb',
    LIBGL_ALWAYS_SOFTWARE: '1',
    GALLIUM_DRIVER: 'llvmpipe',
    LP_NUM_THREADS: '1',
    http_proxy: proxy,
    https_proxy: proxy,
    no_proxy: '',
  }
}
