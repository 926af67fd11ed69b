/** CPU time of a process and all its children, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Seconds of CPU used so far by the tree under a process. */
export function treeCpuSeconds(root: number): number {
  const stats = readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : [],
  )
  const inTree = new Set([root])
  for (let grew = true; grew;) {
    const before = inTree.size
    for (const { pid, parent } of stats) if (inTree.has(parent)) inTree.add(pid)
    grew = inTree.size > before
  }
  return stats.filter(({ pid }) => inTree.has(pid)).reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Cores used by a tree over a time. */
export async function measureCores(root: number, seconds: number): Promise<number> {
  const before = treeCpuSeconds(root)
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  return (treeCpuSeconds(root) - before) / ((performance.now() - startedAt) / 1000)
}

function readStat(pid: number): { pid: number; parent: number; seconds: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything: fields count from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return { pid, parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND }
  } catch {
    return null // gone meanwhile
  }
}
