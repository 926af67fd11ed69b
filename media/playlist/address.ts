/** The names of what a media playlist lists, relative to the playlist, and where a playlist lies relative to the multivariant one. */
import type { PartId } from '../part.ts'

export const PLAYLIST_NAME = 'index.m3u8'

export function initUri(n: number): string {
  return `init-${n}.mp4`
}

export function segmentUri(msn: number): string {
  return `${msn}.m4s`
}

export function partUri({ msn, part }: PartId): string {
  return `${msn}.${part}.m4s`
}

/** From the multivariant playlist of a room. */
export function playlistUri(program: string, track: string): string {
  return `${program}/${track}/${PLAYLIST_NAME}`
}

/** From the media playlist of another track of the same program. */
export function siblingUri(track: string): string {
  return `../${track}/${PLAYLIST_NAME}`
}
