// Programs that are not npm packages: installed with apt-get where we may, named with the way to get them where we may not.
import { existsSync, readFileSync } from 'node:fs'
import { findCommand, mustRun, run } from './run.mjs'
import { say, SetupError, step } from './say.mjs'

const FFMPEG = {
  name: 'ffmpeg',
  why: 'ffmpeg and ffprobe look at what the streamer sends and encode it',
  isThere: () => hasProgram('ffmpeg', 'FFMPEG_PATH') && hasProgram('ffprobe', 'FFPROBE_PATH'),
  from: { 'apt-get': ['ffmpeg'], brew: ['ffmpeg'], dnf: ['ffmpeg'], pacman: ['ffmpeg'] },
  note: { dnf: 'Fedora: from RPM Fusion, the own ffmpeg-free has no H.264 encoder' },
}

const CHROMIUM = {
  name: 'chromium',
  why: 'the tests watch the stream in a real browser',
  isThere: () => findChromium() !== null,
  from: {
    'apt-get': [isUbuntu() ? 'chromium-browser' : 'chromium'],
    brew: ['chromium'],
    dnf: ['chromium'],
    pacman: ['chromium'],
  },
  note: {
    'apt-get': 'or set CHROMIUM_PATH to the Chromium or Chrome you have',
    brew: 'or set CHROMIUM_PATH to the Chromium or Chrome you have',
  },
}

const FONTS = {
  name: 'fonts',
  why: 'Latin and Chinese text on the pages under test',
  isThere: () =>
    !findCommand('apt-get') ||
    ['truetype/dejavu/DejaVuSans.ttf', 'opentype/noto/NotoSansCJK-Regular.ttc'].every((file) =>
      existsSync(`/usr/share/fonts/${file}`),
    ),
  from: { 'apt-get': ['fonts-dejavu-core', 'fonts-noto-cjk'] },
  note: {},
}

const OPENSSL = {
  name: 'openssl',
  why: 'makes the certificates under test',
  isThere: () => findCommand('openssl') !== null,
  from: { 'apt-get': ['openssl'], brew: ['openssl'], dnf: ['openssl'], pacman: ['openssl'] },
  note: {},
}

const REDIS = {
  name: 'redis-server',
  why: 'the store of a cluster is tested in a real one',
  isThere: () => hasProgram('redis-server', 'REDIS_SERVER_PATH'),
  from: { 'apt-get': ['redis-server'], brew: ['redis'], dnf: ['valkey-compat-redis'], pacman: ['valkey'] },
  note: { pacman: 'and REDIS_SERVER_PATH=/usr/bin/valkey-server' },
}

const NGINX = {
  name: 'nginx',
  why: 'its configuration in deploy/ is tested in a real one',
  isThere: () => Boolean(process.env.NGINX_PATH) || !findCommand('apt-get') || hasDebianNginx(),
  from: { 'apt-get': ['nginx-light', 'libnginx-mod-stream'] },
  note: {},
}

const INSTALL = {
  'apt-get': 'sudo apt-get install -y',
  brew: 'brew install',
  dnf: 'sudo dnf install',
  pacman: 'sudo pacman -S',
}

/** What the server needs; an edge alone encodes nothing. */
export function startPackages(args) {
  const role = args.find((argument, index) => argument.startsWith('--role=') || args[index - 1] === '--role')
  return role?.replace('--role=', '') === 'edge' ? [] : [FFMPEG]
}

/** What the tests need. */
export function testPackages() {
  return [FFMPEG, CHROMIUM, FONTS, OPENSSL, REDIS, NGINX]
}

/** The browser that tests drive: CHROMIUM_PATH, or the first one installed; null when there is none. */
export function findChromium() {
  const own = process.env.CHROMIUM_PATH
  if (own) return existsSync(own) ? own : null
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  return names.map(findCommand).find((path) => path !== null) ?? null
}

/** Installs those that are missing; throws a SetupError that says what to do when it cannot. */
export async function installSystemPackages(packages) {
  const missing = packages.filter((item) => !item.isThere())
  if (missing.length === 0) return
  const rights = await aptRights()
  if (!rights) throw new SetupError(whatIsMissing(missing, findManager()))
  for (const item of missing) say(`${item.name} is missing: ${item.why}`)
  const names = missing.flatMap((item) => item.from['apt-get'])
  await step(`installing ${names.join(', ')} with apt-get`, () => aptInstall(rights, names))
  const still = missing.filter((item) => !item.isThere())
  if (still.length > 0) throw new SetupError(whatIsMissing(still, null))
}

/** The text that names what is missing, why it is needed, and how this system gets it. */
export function whatIsMissing(missing, manager) {
  const lines = missing.map((item) => `  ${item.name}: ${item.why}`)
  const managers = manager ? [manager] : ['apt-get', 'brew', 'dnf', 'pacman']
  const ways = managers.flatMap((name) => wayToGet(missing, name))
  return [
    'these programs are missing:',
    ...lines,
    'get them with:',
    ...ways,
    'then run the same command again',
  ].join('\n')
}

function wayToGet(missing, manager) {
  const items = missing.filter((item) => item.from[manager])
  if (items.length === 0) return []
  const notes = items.flatMap((item) => item.note[manager] ?? [])
  const names = items.flatMap((item) => item.from[manager])
  return [`  ${INSTALL[manager]} ${names.join(' ')}`, ...notes.map((note) => `    (${note})`)]
}

function findManager() {
  return ['apt-get', 'brew', 'dnf', 'pacman'].find((name) => findCommand(name)) ?? null
}

/** The words to put before apt-get so that it may install; null when it may not or is not there. */
async function aptRights() {
  if (!findCommand('apt-get')) return null
  if (process.getuid?.() === 0) return []
  if (!findCommand('sudo')) return null
  const { code } = await run('sudo', ['-n', 'true'], { quiet: true })
  return code === 0 ? ['sudo', '-n'] : null
}

async function aptInstall(rights, names) {
  const apt = (...args) => [
    ...rights,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=300',
    ...args,
  ]
  const [update, ...updateArgs] = apt('update', '-qq')
  // A list that cannot be renewed is no reason to stop: the one at hand may do.
  await run(update, updateArgs, { quiet: true })
  const [install, ...installArgs] = apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  await mustRun(install, installArgs)
}

function hasProgram(name, variable) {
  const own = process.env[variable]
  return own ? existsSync(own) : findCommand(name) !== null
}

function hasDebianNginx() {
  return existsSync('/usr/sbin/nginx') && existsSync('/usr/lib/nginx/modules/ngx_stream_module.so')
}

// Ubuntu's browser comes as a snap, under a name of its own.
function isUbuntu() {
  return existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'))
}
