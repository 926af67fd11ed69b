import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ENVIRONMENT_KEYS } from './config-schema.ts'
import { loadConfig } from './config.ts'

describe('loadConfig', () => {
  it('has a default for every key', () => {
    const config = loadConfig({ env: {}, cwd: emptyDir() })
    expect(config.http).toMatchObject({ host: null, port: 8080 })
    expect(config.rtmp.port).toBe(1935)
    expect(config.internal).toEqual({ host: '127.0.0.1', port: 8081 })
    expect(config.ladder.renditions.map((each) => each.bitrateKbps)).toEqual([1500, 500])
    expect(config.edge.flv.clientBufferBytes).toBe(1024 * 1024)
    expect(path.isAbsolute(config.dataDir)).toBe(true)
  })

  it('reads headwater.yaml and lets the environment win', () => {
    const cwd = emptyDir()
    writeFileSync(
      path.join(cwd, 'headwater.yaml'),
      'http: { port: 9000 }\nrtmp: { port: 9001 }\nlog: { level: warn }\n',
    )
    const config = loadConfig({ env: { RTMP_PORT: '0', LOG_LEVEL: 'debug' }, cwd })
    expect(config.http.port).toBe(9000)
    expect(config.rtmp.port).toBe(0)
    expect(config.log.level).toBe('debug')
  })

  it('prefers --config to HEADWATER_CONFIG to ./headwater.yaml', () => {
    const cwd = emptyDir()
    for (const [index, name] of ['headwater.yaml', 'env.yaml', 'flag.yaml'].entries()) {
      writeFileSync(path.join(cwd, name), `http: { port: ${9000 + index} }\n`)
    }
    const env = { HEADWATER_CONFIG: 'env.yaml' }
    expect(loadConfig({ env: {}, cwd }).http.port).toBe(9000)
    expect(loadConfig({ env, cwd }).http.port).toBe(9001)
    expect(loadConfig({ env, cwd, configPath: 'flag.yaml' }).http.port).toBe(9002)
  })

  it('counts an empty variable as absent', () => {
    expect(loadConfig({ env: { HTTP_PORT: '', ADMIN_TOKEN: ' ' }, cwd: emptyDir() }).adminToken).toBeNull()
  })

  it.each([
    [{ HTTP_PORT: 'abc' }, /http\.port is "abc" \(from environment variable HTTP_PORT\): .*number/],
    [{ TLS_CERT_FILE: 'cert.pem' }, /rtmps .*certFile and keyFile belong together/],
    [{ RTMP_PORT: '65536' }, /rtmp\.port is 65536 .*65535/],
    [{ LOG_LEVEL: 'loud' }, /log\.level is "loud" .*LOG_LEVEL.*"debug"/],
    [{ PUBLIC_URL: 'ftp://x' }, /publicUrl is "ftp:\/\/x" .*http or https address/],
    [{ PUBLIC_URL: 'https://x/path' }, /without a path/],
    [{ REDIS_PREFIX: 'a{b}' }, /redisPrefix is "a\{b\}" .*1 to 64 characters/],
    [
      { SHIELD_URLS: 'http://a:1, b' },
      /edge\.shieldUrls\[1\] is "b" \(from .* SHIELD_URLS\): must be an http/,
    ],
    [
      { REDIS_URL: 'http://:pw@host' },
      /redisUrl \(from environment variable REDIS_URL\): must be a redis:\/\/, .* redis\+cluster:/,
    ],
  ])('names key, origin, value and what is allowed: %o', (env, message) => {
    expect(failure(env)).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(message) })
  })

  it('names keys it does not know', () => {
    const cwd = emptyDir()
    writeFileSync(path.join(cwd, 'headwater.yaml'), 'edge: { cacheByte: 3 }\n')
    expect(failure({}, cwd).message).toMatch(/edge\.cacheByte in .*headwater\.yaml is not a key/)
  })

  it.each(['- a list\n', 'http: [\n'])('refuses a file that does not hold keys and values: %j', (text) => {
    const cwd = emptyDir()
    writeFileSync(path.join(cwd, 'headwater.yaml'), text)
    expect(failure({}, cwd).code).toBe('config_invalid')
  })

  it('refuses a file that was named and is not there', () => {
    const { message } = failure({ HEADWATER_CONFIG: 'gone.yaml' })
    expect(message).toMatch(/^cannot read [^ ]*gone\.yaml: there is no such file$/)
  })

  it('never repeats a secret', () => {
    const { message } = failure({ ADMIN_TOKEN: 'has a space inside', REDIS_URL: 'http://:hunter2@host' })
    expect(message).toMatch(/adminToken/)
    expect(message).not.toMatch(/has a space|hunter2/)
  })

  it('takes the origin of PUBLIC_URL', () => {
    expect(loadConfig({ env: { PUBLIC_URL: 'https://live.example/' }, cwd: emptyDir() }).publicUrl).toBe(
      'https://live.example',
    )
  })
})

describe('SHIELD_URLS', () => {
  it('names several, with commas between', () => {
    const env = { SHIELD_URLS: 'http://10.0.0.5:8081, http://10.0.0.6:8081/' }
    expect(loadConfig({ env, cwd: emptyDir() }).edge.shieldUrls).toEqual([
      'http://10.0.0.5:8081',
      'http://10.0.0.6:8081',
    ])
  })
})

describe('docs/configuration.md', () => {
  const rows = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => /^\| `([^`]+)` \| (?:`([^`]*)`|[^|`]*) \| `([^`]*)` \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)

  it('lists every key with its default and its variable, and no others', () => {
    const variables = Object.fromEntries(Object.entries(ENVIRONMENT_KEYS).map(([name, key]) => [key, name]))
    const config = { ...loadConfig({ env: {}, cwd: emptyDir() }), dataDir: './data' }
    const expected = flatten(config).map(([key, value]) => [key, variables[key], JSON.stringify(value)])
    expect(rows.map(([, key, variable, value]) => [key, variable, value])).toEqual(expected)
  })

  it('explains every key', () => {
    for (const [, key, , , text] of rows) expect(text?.length ?? 0, key).toBeGreaterThan(10)
  })
})

function flatten(tree: object, prefix = ''): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isSection ? flatten(value as object, `${prefix}${key}.`) : [[prefix + key, value]]
  })
}

function failure(env: Record<string, string>, cwd = emptyDir()): { code: string; message: string } {
  try {
    loadConfig({ env, cwd })
  } catch (error) {
    return error as { code: string; message: string }
  }
  return expect.fail('the configuration was accepted')
}

function emptyDir(): string {
  return mkdtempSync(path.join(tmpdir(), 'headwater-config-'))
}
