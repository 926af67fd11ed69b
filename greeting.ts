/** What whoever starts Headwater reads first. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { House } from './house.ts'
import { packageRoot } from './runtime/package-root.ts'
import { isRefusedByBrowsers } from './runtime/refused-ports.ts'

export interface Greeting {
  house: House
  httpPort: number
  rtmpPort: number
  roomId: string | null
}

export function greet({ house, httpPort, rtmpPort, roomId }: Greeting): void {
  const { config, secrets } = house
  const url = config.publicUrl ?? `http://localhost:${httpPort}`
  const lines = [
    `Headwater ${readVersion()} is running. Ctrl-C ends it.`,
    '',
    // The token is behind the #: browsers send it to nobody.
    secrets.isAdminTokenMade
      ? `Studio   ${url}/studio#token=${secrets.adminToken}`
      : `Studio   ${url}/studio  (sign in with ADMIN_TOKEN)`,
    `OBS      server rtmp://${new URL(url).hostname}:${rtmpPort}/live, stream key from the studio`,
    ...(roomId === null ? [] : [`Demo     ${url}/watch/${roomId}`]),
    ...(config.publicUrl === null && isRefusedByBrowsers(httpPort) ? ['', refusal(httpPort)] : []),
  ]
  console.log(`\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`)
}

function refusal(port: number): string {
  return `Browsers refuse to open port ${port}: choose another HTTP_PORT, or say by PUBLIC_URL what is in front of it.`
}

export function readVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
