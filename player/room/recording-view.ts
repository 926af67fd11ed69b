/** A recording as the API shows it to those who manage its room. */
import * as z from 'zod/mini'

export const recordingSchema = z.object({
  program_id: z.string(),
  title: z.string(),
  /** Wall clock, ms since 1970. */
  started_at: z.number(),
  duration_ms: z.number(),
  bytes: z.number(),
  interruptions: z.number(),
  complete: z.boolean(),
  width: z.nullable(z.number()),
  height: z.nullable(z.number()),
  failure: z.nullable(z.object({ code: z.string(), message: z.string() })),
  file_url: z.string(),
  download_url: z.string(),
})

export type Recording = z.infer<typeof recordingSchema>

/** An address of the server as seen from this page: it may know itself by another name. */
export function addressHere(url: string): string {
  const { pathname, search } = new URL(url, 'http://headwater.invalid')
  return pathname + search
}

/** `1:02:03`, `2:03`. */
export function formatLength(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`
}

/** In decimal units, as file managers have them. */
export function formatBytes(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`
}
