/** Reads the configuration once, at start: defaults, then headwater.yaml, then the environment. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse as parseYaml } from 'yaml'
import { configSchema, ENVIRONMENT_KEYS, LIST_KEYS, SECRET_KEYS } from './config-schema.ts'
import type { Config } from './config-schema.ts'
import { HeadwaterError } from './errors.ts'

export type { Config } from './config-schema.ts'

export interface LoadConfigOptions {
  env: Record<string, string | undefined>
  /** Path given by `--config`; else HEADWATER_CONFIG, else ./headwater.yaml when it is there. */
  configPath?: string | null
  /** Directory that relative paths start from. */
  cwd?: string
}

type Tree = Record<string, unknown>
interface Issue {
  code: string
  path: PropertyKey[]
  message: string
  keys?: string[]
  values?: unknown[]
}

const MAX_CONFIG_FILE_BYTES = 256 * 1024
const DEFAULT_CONFIG_FILE = 'headwater.yaml'

/** Loads the configuration. Throws `config_invalid`, naming every wrong key, its value and what is allowed. */
export function loadConfig(options: LoadConfigOptions): Config {
  const cwd = options.cwd ?? process.cwd()
  const file = findConfigFile(options, cwd)
  const tree = file === null ? {} : readConfigFile(file)
  const origins = applyEnvironment(tree, options.env)
  const parsed = configSchema.safeParse(tree)
  if (parsed.success) return { ...parsed.data, dataDir: path.resolve(cwd, parsed.data.dataDir) }
  const lines = parsed.error.issues.map((issue) => describeIssue(issue as Issue, tree, origins, file))
  throw new HeadwaterError('config_invalid', lines.join('; '))
}

function findConfigFile(options: LoadConfigOptions, cwd: string): string | null {
  const named = options.configPath ?? (options.env['HEADWATER_CONFIG'] || null)
  if (named !== null) return path.resolve(cwd, named)
  const usual = path.resolve(cwd, DEFAULT_CONFIG_FILE)
  return existsSync(usual) ? usual : null
}

function readConfigFile(file: string): Tree {
  let tree: unknown
  try {
    const bytes = readFileSync(file)
    if (bytes.length > MAX_CONFIG_FILE_BYTES) throw new Error(`larger than ${MAX_CONFIG_FILE_BYTES} bytes`)
    tree = parseYaml(bytes.toString('utf8'))
  } catch (error) {
    throw new HeadwaterError('config_invalid', `cannot read ${file}: ${whyUnreadable(error)}`, {
      cause: error,
    })
  }
  if (tree === null || tree === undefined) return {}
  if (typeof tree === 'object' && !Array.isArray(tree)) return tree as Tree
  throw new HeadwaterError('config_invalid', `${file} must hold keys and values`)
}

// An empty variable counts as absent: compose files pass `${ADMIN_TOKEN:-}`.
function applyEnvironment(tree: Tree, env: Record<string, string | undefined>): Map<string, string> {
  const origins = new Map<string, string>()
  for (const [variable, key] of Object.entries(ENVIRONMENT_KEYS)) {
    const value = env[variable]?.trim()
    if (value === undefined || value === '') continue
    origins.set(key, variable)
    setKey(tree, key.split('.'), readVariable(key, value))
  }
  return origins
}

function readVariable(key: string, value: string): unknown {
  if (LIST_KEYS.includes(key)) return value.split(',').map((each) => each.trim())
  return /\.(?:port|workers)$/.test(key) && /^\d{1,9}$/.test(value) ? Number(value) : value
}

function setKey(tree: Tree, [head = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    tree[head] = value
    return
  }
  // A section that is not a section stays as it is, for the schema to complain about.
  tree[head] ??= {}
  if (typeof tree[head] === 'object') setKey(tree[head] as Tree, rest, value)
}

function describeIssue(issue: Issue, tree: Tree, origins: Map<string, string>, file: string | null): string {
  const key = formatPath(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const unknown = (issue.keys ?? []).map((name) => (key === '' ? name : `${key}.${name}`))
    return `${unknown.join(', ')} in ${file ?? DEFAULT_CONFIG_FILE} is not a key; docs/configuration.md lists them`
  }
  const variable = origins.get(key.replace(/\[\d+\]$/, ''))
  const from = variable === undefined ? (file ?? 'the configuration') : `environment variable ${variable}`
  const value = SECRET_KEYS.includes(key) ? '' : ` is ${formatValue(valueAt(tree, issue.path))}`
  return `${key}${value} (from ${from}): ${issue.message}`
}

function formatPath(keys: PropertyKey[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '')
}

function valueAt(tree: unknown, keys: PropertyKey[]): unknown {
  return keys.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], tree)
}

function formatValue(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 120)
}

/** Without the path, which the system's own words have too. */
function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'this user may not read it'
  if (code === 'EISDIR') return 'it is a directory'
  return messageOf(error)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
