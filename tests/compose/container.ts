/** A service's container: ended in two ways, and asked what became of it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `crash`: its process ends by itself, and the restart policy has to act. `kill`: `docker kill`, after which Docker waits for `start`. */
export type Ending = 'crash' | 'kill'

export interface ContainerState {
  /** As the host counts; 0 where none runs. */
  pid: number
  /** Empty where none runs. */
  address: string
}

export class Container {
  readonly #id: string

  constructor(id: string) {
    this.#id = id
  }

  /** Throws where the project has no such service. */
  static async find(project: string, service: string): Promise<Container> {
    const labels = { project, service }
    const filters = Object.entries(labels).flatMap(([name, value]) => [
      '--filter',
      `label=com.docker.compose.${name}=${value}`,
    ])
    const id = await docker('ps', '--all', '--quiet', ...filters)
    if (!/^\w+$/.test(id)) throw new Error(`not one container of ${service}: ${id}`)
    return new Container(id)
  }

  async end(how: Ending): Promise<void> {
    if (how === 'kill') return void (await docker('kill', this.#id))
    const { pid } = await this.state()
    if (pid === 0) throw new Error('nothing runs that could end')
    process.kill(pid, 'SIGKILL')
  }

  async start(): Promise<void> {
    await docker('start', this.#id)
  }

  async state(): Promise<ContainerState> {
    const format = '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    const [pid = '0', address = ''] = (await docker('inspect', '--format', format, this.#id)).split(' ')
    return { pid: Number(pid), address }
  }
}

async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout.trim()
}
