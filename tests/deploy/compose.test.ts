/** docker-compose.yml and what `deploy/make-env.sh` makes for it agree; that it runs, `deploy/try-compose.sh` shows. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../../runtime/config.ts'
import { SERVICES } from '../compose/services.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const serviceSchema = z
  .object({
    restart: z.string(),
    security_opt: z.array(z.string()),
    cap_drop: z.array(z.string()),
    mem_limit: z.string(),
    image: z.string().optional(),
    read_only: z.boolean().optional(),
    command: z.union([z.string(), z.array(z.string())]).optional(),
    volumes: z.array(z.string()).optional(),
    healthcheck: z.object({ test: z.array(z.string()) }).optional(),
    build: z.object({ context: z.string(), dockerfile: z.string().optional() }).optional(),
    networks: z.union([z.array(z.string()), z.record(z.string(), z.object({ ipv4_address: z.string() }))]),
    environment: z.record(z.string(), z.string()).optional(),
  })
  .loose()
const scrapedSchema = z.object({
  scrape_configs: z.array(
    z.object({
      job_name: z.string(),
      dns_sd_configs: z.array(z.object({ names: z.array(z.string()) })).optional(),
      static_configs: z.array(z.object({ targets: z.array(z.string()) })).optional(),
    }),
  ),
})
const text = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8')
const { services } = z
  .object({ services: z.record(z.string(), serviceSchema) })
  .loose()
  .parse(parse(text, { merge: true }))

function addressOf(name: string): string | undefined {
  const networks = services[name]?.networks
  return networks === undefined || Array.isArray(networks) ? undefined : networks['cluster']?.ipv4_address
}

describe.each(Object.entries(services))('%s', (_, service) => {
  it('is started again, has no rights, a bound on memory, and says how it is', () => {
    expect(service.restart).toBe('unless-stopped')
    expect(service.security_opt).toContain('no-new-privileges:true')
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.mem_limit).toMatch(/^\d+[mg]$/)
    const { context = '', dockerfile = 'Dockerfile' } = service.build ?? {}
    const image = service.build ? readFileSync(path.join(ROOT, context, dockerfile), 'utf8') : ''
    expect(service.healthcheck !== undefined || image.includes('HEALTHCHECK')).toBe(true)
    expect(image === '' || /^USER (?!root)/m.test(image)).toBe(true)
  })
})

it('nginx is told the addresses that edges and origin have, which are given to nobody else', () => {
  const { EDGES, ORIGIN_HTTP, ORIGIN_RTMP } = services['nginx']?.environment ?? {}
  expect(EDGES).toBe(['edge-1', 'edge-2'].map((name) => `${addressOf(name)}:8080`).join(' '))
  expect([ORIGIN_HTTP, ORIGIN_RTMP]).toEqual([8080, 1935].map((port) => `${addressOf('origin')}:${port}`))
  const written = Object.keys(services).flatMap((name) => addressOf(name) ?? [])
  // Those given out begin at .128.
  expect(written.every((address) => Number(address.split('.').at(-1)) < 128)).toBe(true)
  expect(new Set(written).size).toBe(written.length)
  expect(text).toContain('ip_range: 10.88.7.128/25')
})

it('deploy/try-compose.sh starts and ends all of them but Grafana, which Debian does not have', () => {
  const all = Object.keys(services).filter((name) => name !== 'grafana')
  const script = readFileSync(path.join(ROOT, 'deploy/try-compose.sh'), 'utf8')
  const started = /^services='(.+)'$/m.exec(script)?.[1]?.split(' ')
  expect(started?.toSorted()).toEqual(all.toSorted())
  expect(SERVICES.map(({ name }) => name).toSorted()).toEqual(all.toSorted())
})

describe('shields', () => {
  const shields = ['shield-1', 'shield-2']
  const urls = shields.map((name) => `http://${addressOf(name)}:8081`).join(',')

  it.each(shields)('%s listens where edges ask it, and shares the store with the others', (name) => {
    const { command, environment = {} } = services[name] ?? {}
    expect(command).toEqual(['--role', 'edge', '--shield'])
    expect(environment['INTERNAL_HOST']).toBe(addressOf(name))
    expect(environment['SHIELD_URLS']).toBe(urls)
    expect(environment['REDIS_URL']).toBe(services['origin']?.environment?.['REDIS_URL'])
    expect(environment['ORIGIN_URL']).toBe(`http://${addressOf('origin')}:8081`)
  })

  it.each(['edge-1', 'edge-2'])('%s asks them all, and needs no store', (name) => {
    const { environment = {} } = services[name] ?? {}
    expect(environment['SHIELD_URLS']).toBe(urls)
    expect(environment['ORIGIN_URL']).toBe(`http://${addressOf('origin')}:8081`)
    expect(environment).not.toHaveProperty('REDIS_URL')
  })
})

it('what is of Headwater writes to its data alone', () => {
  const ours = Object.entries(services).filter(([, { image }]) => image?.includes('HEADWATER_IMAGE'))
  expect(ours.map(([name]) => name).toSorted()).toEqual([
    'edge-1',
    'edge-2',
    'origin',
    'shield-1',
    'shield-2',
    'transcoder',
  ])
  for (const [name, { read_only, volumes }] of ours) {
    expect(read_only).toBe(true)
    expect(volumes).toContain(`${name}-data:/data`)
  }
})

describe('Prometheus', () => {
  const prometheus = readFileSync(path.join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8')
  const jobs = new Map(
    scrapedSchema
      .parse(parse(prometheus))
      .scrape_configs.map(({ job_name, dns_sd_configs = [], static_configs = [] }) => [
        job_name,
        {
          names: dns_sd_configs.flatMap(({ names }) => names),
          targets: static_configs.flatMap(({ targets }) => targets),
        },
      ]),
  )

  it('asks by DNS whom there may be several of', () => {
    for (const role of ['origin', 'transcoder']) expect(jobs.get(role)?.names).toEqual([role])
  })

  it.each(['edge', 'shield'])('asks each %s by name, so that a dead one is missed', (role) => {
    const names = Object.keys(services).filter((name) => name.startsWith(`${role}-`))
    expect(names).toHaveLength(2)
    expect(jobs.get(role)?.targets).toEqual(names.map((name) => `${name}:8080`))
  })
})

describe('make-env.sh', () => {
  let folder: string
  const at = (name: string): string => path.join(folder, name)
  const make = (...args: string[]): string =>
    execFileSync(at('deploy/make-env.sh'), args, { encoding: 'utf8', stdio: 'pipe' })

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'headwater-env-'))
    mkdirSync(at('deploy'))
    copyFileSync(path.join(ROOT, 'deploy/make-env.sh'), at('deploy/make-env.sh'))
    make('live.test', '203.0.113.5')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('makes every variable that compose cannot do without, readable by its owner alone', () => {
    const needed = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')
    const made = readFileSync(at('.env'), 'utf8')
    expect(needed.filter((name) => !new RegExp(`^${name}=.+$`, 'm').test(made))).toEqual([])
    expect(statSync(at('.env')).mode & 0o777).toBe(0o600)
  })

  it('makes settings that a Headwater takes, with the TURN server in them', () => {
    const config = loadConfig({ env: {}, configPath: at('deploy/headwater.yaml') })
    expect([config.http.trustProxy, config.rtmp.trustProxy]).toEqual([true, true])
    const password = /^TURN_PASSWORD=(.+)$/m.exec(readFileSync(at('.env'), 'utf8'))?.[1]
    expect(config.cascade.iceServers).toMatchObject([{ username: 'headwater', credential: password }])
  })

  it('leaves what is there, and refuses what is no name', () => {
    const before = readFileSync(at('.env'), 'utf8')
    make('other.test')
    expect(readFileSync(at('.env'), 'utf8')).toBe(before)
    expect(() => make('live.test; id')).toThrow()
    expect(() => make()).toThrow()
  })
})
