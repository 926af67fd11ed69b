/** Several processes of one edge on one machine: how many, on which ports, and what each may have of what the machine has. */
import { HeadwaterError } from '../runtime/errors.ts'

/** What is configured for the machine as a whole. */
export interface MachineSettings {
  cacheBytes: number
  capacityMbps: number
  root: { maxChildren: number; uploadMbps: number | null }
}

const MAX_PORT = 65_535
/** A cache smaller than this holds nothing for long enough. */
const MIN_CACHE_BYTES = 1024 * 1024

export function countWorkers(setting: number | 'auto', cores: number): number {
  return setting === 'auto' ? Math.max(1, cores) : setting
}

/** One port for each, in a row. Throws `config_invalid` where there are not so many. */
export function portsOf(first: number, count: number): number[] {
  if (first === 0)
    throw new HeadwaterError(
      'config_invalid',
      'edge.workers needs an HTTP_PORT: a proxy in front has to know the ports',
    )
  const last = first + count - 1
  if (last > MAX_PORT)
    throw new HeadwaterError(
      'config_invalid',
      `${count} workers from port ${first} on end at ${last}, above ${MAX_PORT}`,
    )
  return Array.from({ length: count }, (_, index) => first + index)
}

/** An even share. */
export function shareOfMachine(
  { cacheBytes, capacityMbps, root }: MachineSettings,
  count: number,
): MachineSettings {
  return {
    cacheBytes: Math.max(MIN_CACHE_BYTES, Math.floor(cacheBytes / count)),
    capacityMbps: capacityMbps / count,
    root: {
      maxChildren: Math.ceil(root.maxChildren / count),
      uploadMbps: root.uploadMbps === null ? null : root.uploadMbps / count,
    },
  }
}
