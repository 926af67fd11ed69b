// Runs the built server as a child and sees to it that nothing of it stays behind.
//
// Ctrl-C under npm reaches this process twice: from the terminal, which signals the whole process group, and from npm, which
// passes signals on. The server gets a group of its own (ffmpeg is in it as well) and each signal once, so that it can end
// its ffmpegs in order; what is left of the group after it is killed.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { atRoot } from './root.mjs'

// Signals closer together than this are the same one, come by two ways.
const SAME_SIGNAL_MS = 400
// The server has to be gone this long after the first signal; with what npm itself takes it stays under 3 s.
const GRACE_MS = 2700

/** Runs the server until it ends; resolves with its exit code (128 + number when a signal ended it). */
export function runServer(args, script = atRoot('dist/headwater.js')) {
  const server = spawnServer(args, script)
  let lastAt = -Infinity
  const passOn = (signal) => {
    const now = performance.now()
    if (now - lastAt < SAME_SIGNAL_MS) return
    lastAt = now
    server.stop(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn)
  return server.exited
}

/** Starts the server; `stop` sends a signal and kills what is still there after the grace, `exited` tells the exit code. */
export function spawnServer(args, script = atRoot('dist/headwater.js')) {
  const preload = new URL('./end-with-parent.mjs', import.meta.url).href
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', preload, script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
  })
  let deadline = null
  const exited = new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      clearTimeout(deadline)
      killGroup(child)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
  const stop = (signal) => {
    child.kill(signal)
    deadline ??= setTimeout(() => killGroup(child), GRACE_MS)
    return exited
  }
  return { exited, stop }
}

function killGroup(child) {
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}
