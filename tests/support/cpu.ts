/** CPU time and memory of a process and all its children, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

interface Stat {
  pid: number
  parent: number
  /** The name of what it runs, such as `node`. */
  program: string
  seconds: number
}

// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICKS_PER_SECOND = 100

/** Seconds of CPU used so far by the tree under a process. */
export function treeCpuSeconds(root: number): number {
  return readTree(root).reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Seconds of CPU that a process has used so far, without those under it. Throws where it is gone. */
export function cpuSeconds(pid: number): number {
  const stat = readStat(pid)
  if (stat === null) throw new Error(`process ${pid} is gone`)
  return stat.seconds
}

/** Memory that a process has resident, in whole MiB. Throws where it is gone. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
}

/** The same of the tree under it; what its processes share counts for each of them. */
export function treeResidentMib(root: number): number {
  return readTree(root).reduce((sum, { pid }) => sum + residentMib(pid), 0)
}

/** Cores used by a tree over a time. */
export async function measureCores(root: number, seconds: number): Promise<number> {
  return Object.values(await measureCoresByProgram(root, seconds)).reduce((sum, cores) => sum + cores, 0)
}

/** The same, told apart by what runs: `node`, `ffmpeg`. A process that ends meanwhile does not count. */
export async function measureCoresByProgram(root: number, seconds: number): Promise<Record<string, number>> {
  const before = new Map(readTree(root).map((stat) => [stat.pid, stat.seconds]))
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const elapsed = (performance.now() - startedAt) / 1000
  const cores: Record<string, number> = {}
  for (const { pid, program, seconds: used } of readTree(root))
    cores[program] = (cores[program] ?? 0) + (used - (before.get(pid) ?? 0)) / elapsed
  return cores
}

/** Begins to count; the answer tells the cores that the whole machine has used since, whoever it was. */
export function countMachineCores(): () => number {
  const busySeconds = (): number =>
    cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000
  const [before, startedAt] = [busySeconds(), performance.now()]
  return () => (busySeconds() - before) / ((performance.now() - startedAt) / 1000)
}

/** A process and all under it, the root first. */
export function treeProcesses(root: number): { pid: number; program: string }[] {
  const tree = readTree(root)
  return tree.toSorted((a, b) => Number(b.pid === root) - Number(a.pid === root))
}

function readTree(root: number): Stat[] {
  const stats = readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : [],
  )
  const inTree = new Set([root])
  for (let grew = true; grew;) {
    const before = inTree.size
    for (const { pid, parent } of stats) if (inTree.has(parent)) inTree.add(pid)
    grew = inTree.size > before
  }
  return stats.filter(({ pid }) => inTree.has(pid))
}

function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything: fields count from behind it.
    const nameEnd = text.lastIndexOf(')')
    const fields = text.slice(nameEnd + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const program = text.slice(text.indexOf('(') + 1, nameEnd)
    return { pid, parent: Number(fields[1]), program, seconds: ticks / TICKS_PER_SECOND }
  } catch {
    return null // gone meanwhile
  }
}
