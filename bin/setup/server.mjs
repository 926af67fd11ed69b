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

/** Resolves with the server's exit code (128 + number when a signal ended it). */
export function runServer(args, script = atRoot('dist/headwater.js')) {
  const preload = new URL('./end-with-parent.mjs', import.meta.url).href
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', preload, script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
  })
  passSignalsOn(child)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      killGroup(child)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

function passSignalsOn(child) {
  let lastAt = -Infinity
  let deadline = null
  const passOn = (signal) => {
    const now = performance.now()
    if (now - lastAt < SAME_SIGNAL_MS) return
    lastAt = now
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
    deadline ??= setTimeout(() => killGroup(child), GRACE_MS).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn)
  child.on('exit', () => clearTimeout(deadline))
}

function killGroup(child) {
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}
