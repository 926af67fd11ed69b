/** Every key of headwater.yaml, with its type, limits and default. docs/configuration.md explains each. */

import { z } from 'zod'
import { LOG_LEVELS } from './logger.ts'
import { parseRedisAddress } from './store/redis-address.ts'

const MEBIBYTE = 1024 * 1024

const port = z.int('a whole number from 0 to 65535').min(0).max(65535)
// Null listens on every address of the machine, IPv6 and IPv4, whichever of them it has.
const host = z.string().min(1).max(255).nullable()
const url = z.string().max(2048).refine(isOriginUrl, 'must be an http or https address without a path')
const secret = z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 visible ASCII characters')
const bitrateKbps = z.int().min(16).max(100_000)

const rendition = z.strictObject({
  name: z.string().regex(/^[a-z0-9]{1,16}$/, 'must be 1 to 16 characters of a-z and 0-9'),
  height: z.int().min(16).max(8192).multipleOf(2),
  bitrateKbps,
})

const http = z.strictObject({
  host: host.default(null),
  port: port.default(8080),
  maxConnections: z.int().min(1).max(1_000_000).default(20_000),
  trustProxy: z.boolean().default(false),
  regionHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header, of letters, digits and -')
    .nullable()
    .default('X-Region'),
})

const rtmp = z.strictObject({
  host: host.default(null),
  port: port.default(1935),
  maxWaitingPerAddress: z.int().min(1).max(2048).default(64),
  trustProxy: z.boolean().default(false),
})

const pemFile = z.string().min(1).max(4096).nullable().default(null)
const rtmps = z
  .strictObject({ port: port.default(1936), certFile: pemFile, keyFile: pemFile })
  .refine(
    ({ certFile, keyFile }) => (certFile === null) === (keyFile === null),
    'certFile and keyFile belong together: set both, or neither',
  )

const internal = z.strictObject({ host: host.default('127.0.0.1'), port: port.default(8081) })

const log = z.strictObject({ level: z.enum(LOG_LEVELS).default('info') })

const ladder = z.strictObject({
  renditions: z
    .array(rendition)
    .max(8)
    .refine(hasUniqueNames, 'must not name a rendition twice, nor one `audio` or `source`')
    .default([
      { name: '720p', height: 720, bitrateKbps: 1500 },
      { name: '400p', height: 400, bitrateKbps: 500 },
    ]),
  sourceHeight: z.boolean().default(true),
  audioBitrateKbps: z.int().min(32).max(512).default(128),
  preset: z.enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium']).default('veryfast'),
  cpuLimitPercent: z.number().min(1).max(100).default(65),
})

const source = z.strictObject({
  maxWidth: z.int().min(16).max(8192).default(3840),
  maxHeight: z.int().min(16).max(8192).default(2160),
  maxBitrateKbps: bitrateKbps.default(20_000),
  firstKeyframeTimeoutMs: z.int().min(1000).max(60_000).default(10_000),
})

const flv = z.strictObject({
  ringSeconds: z.number().min(1).max(60).default(10),
  clientBufferBytes: z
    .int()
    .min(65_536)
    .max(64 * MEBIBYTE)
    .default(MEBIBYTE),
  lagCloseMs: z.int().min(1000).max(120_000).default(10_000),
  flushMs: z.int().min(0).max(1000).default(50),
})

const bound = z.int().min(1).max(1_000_000).nullable()
const perAddress = z.strictObject({
  maxRequests: bound.default(2000),
  requestsPerSecond: bound.default(2000),
})

const edge = z.strictObject({
  publicUrl: url
    .transform((value) => new URL(value).origin)
    .nullable()
    .default(null),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 characters of a-z, 0-9 and -')
    .default('default'),
  capacityMbps: z.number().min(1).max(1_000_000).default(1000),
  drainSeconds: z.number().min(0).max(600).default(0),
  workers: z
    .union([z.int().min(1).max(64), z.literal('auto')], 'a whole number from 1 to 64, or auto')
    .default(1),
  shieldUrls: z
    .array(url.transform((value) => new URL(value).origin))
    .max(8)
    .refine((urls) => new Set(urls).size === urls.length, 'must not name a shield twice')
    .default([]),
  cacheBytes: z
    .int()
    .min(MEBIBYTE)
    .max(1024 * 1024 * MEBIBYTE)
    .default(256 * MEBIBYTE),
  perAddress: perAddress.prefault({}),
  flv: flv.prefault({}),
})

const root = z.strictObject({
  enabled: z.boolean().default(true),
  maxChildren: z.int().min(1).max(2000).default(100),
  uploadMbps: z.number().min(1).max(100_000).nullable().default(200),
})

const iceUrl = z
  .string()
  .max(512)
  .regex(/^(?:stuns?|turns?):[^\s]+$/, 'must be a stun:, stuns:, turn: or turns: address')
const cascade = z.strictObject({
  enabled: z.boolean().default(true),
  root: root.prefault({}),
  iceServers: z
    .array(
      z.strictObject({
        urls: z.array(iceUrl).min(1).max(8),
        username: z.string().max(512).optional(),
        credential: z.string().max(512).optional(),
      }),
    )
    .max(8)
    .default([]),
})

const GIBIBYTE = 1024 * MEBIBYTE
const recording = z.strictObject({
  enabled: z.boolean().default(false),
  rendition: z
    .string()
    .regex(/^[a-z0-9]{1,16}$/, 'must be `best` or the name of a rendition')
    .default('best'),
  public: z.boolean().default(false),
  maxAgeDays: z.number().min(0.01).max(3650).default(30),
  maxBytes: z
    .int()
    .min(MEBIBYTE)
    .default(50 * GIBIBYTE),
  minFreeBytes: z.int().min(0).default(GIBIBYTE),
})

export const configSchema = z.strictObject({
  http: http.prefault({}),
  rtmp: rtmp.prefault({}),
  rtmps: rtmps.prefault({}),
  internal: internal.prefault({}),
  publicUrl: url
    .transform((value) => new URL(value).origin)
    .nullable()
    .default(null),
  dataDir: z.string().min(1).max(4096).default('./data'),
  redisUrl: z
    .string()
    .max(2048)
    .refine(isRedisUrl, 'must be a redis://, rediss://, redis+cluster:// or rediss+cluster:// address')
    .nullable()
    .default(null),
  redisPrefix: z
    .string()
    .regex(/^[a-z0-9:_-]{1,64}$/, 'must be 1 to 64 characters of a-z, 0-9, :, _ and -')
    .default('headwater'),
  originUrl: url
    .transform((value) => new URL(value).origin)
    .nullable()
    .default(null),
  adminToken: secret.nullable().default(null),
  clusterSecret: secret.nullable().default(null),
  log: log.prefault({}),
  rooms: z.strictObject({ max: z.int().min(1).max(1_000_000).default(10_000) }).prefault({}),
  ladder: ladder.prefault({}),
  source: source.prefault({}),
  slate: z
    .strictObject({
      maxUploadBytes: z
        .int()
        .min(1024)
        .max(100 * MEBIBYTE)
        .default(20 * MEBIBYTE),
    })
    .prefault({}),
  window: z.strictObject({ seconds: z.int().min(20).max(600).default(60) }).prefault({}),
  reconnectWindowSeconds: z.int().min(0).max(1800).default(300),
  recording: recording.prefault({}),
  edge: edge.prefault({}),
  cascade: cascade.prefault({}),
})

/** The whole configuration of a process, every key present. */
export type Config = z.output<typeof configSchema>

/** Environment variables and the keys they set; the environment wins over the file. */
export const ENVIRONMENT_KEYS = {
  HTTP_HOST: 'http.host',
  HTTP_PORT: 'http.port',
  RTMP_HOST: 'rtmp.host',
  RTMP_PORT: 'rtmp.port',
  RTMPS_PORT: 'rtmps.port',
  TLS_CERT_FILE: 'rtmps.certFile',
  TLS_KEY_FILE: 'rtmps.keyFile',
  INTERNAL_HOST: 'internal.host',
  INTERNAL_PORT: 'internal.port',
  PUBLIC_URL: 'publicUrl',
  DATA_DIR: 'dataDir',
  REDIS_URL: 'redisUrl',
  REDIS_PREFIX: 'redisPrefix',
  ORIGIN_URL: 'originUrl',
  EDGE_PUBLIC_URL: 'edge.publicUrl',
  EDGE_REGION: 'edge.region',
  EDGE_WORKERS: 'edge.workers',
  SHIELD_URLS: 'edge.shieldUrls',
  ADMIN_TOKEN: 'adminToken',
  CLUSTER_SECRET: 'clusterSecret',
  LOG_LEVEL: 'log.level',
} as const

/** Keys whose variable names several, with commas between. */
export const LIST_KEYS: readonly string[] = ['edge.shieldUrls']

/** Keys whose values no error message may repeat. */
export const SECRET_KEYS: readonly string[] = ['adminToken', 'clusterSecret', 'redisUrl']

function isOriginUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, pathname, search, hash, username } = new URL(value)
  return ['http:', 'https:'].includes(protocol) && pathname === '/' && `${search}${hash}${username}` === ''
}

function isRedisUrl(value: string): boolean {
  return parseRedisAddress(value) !== null
}

function hasUniqueNames(renditions: { name: string }[]): boolean {
  const names = new Set([...renditions.map((each) => each.name), 'audio', 'source'])
  return names.size === renditions.length + 2
}
