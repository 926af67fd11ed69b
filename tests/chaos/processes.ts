/** Children of a process by what they run, from /proc: an encoder is killed as an administrator would, from outside. */
import { readdirSync, readFileSync } from 'node:fs'

/** Pids of ffmpeg encoders under a server that serve one program. */
export function encodersOf(serverPid: number, program: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isUnder(pid, serverPid) && isEncoderOf(pid, program))
}

/** Resident memory in MiB. */
export function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

function isEncoderOf(pid: number, program: string): boolean {
  const words = read(`/proc/${pid}/cmdline`).split('\0')
  return words.includes('libx264') && words.some((word) => word.includes(`/internal/intake/${program}/`))
}

function isUnder(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === ancestor) return true
  return false
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone meanwhile
  }
}
