/** Which picture is recorded. Pure. */
import type { PackagedTrack } from '../packager/packager.ts'

export const BEST_RENDITION = 'best'

/** The one of that name, else the largest; undefined for a program without video. */
export function chooseRendition(tracks: readonly PackagedTrack[], name: string): PackagedTrack | undefined {
  const videos = tracks.filter(({ plan }) => plan !== null)
  const named = videos.find(({ track }) => track.name === name)
  const pixels = ({ plan }: PackagedTrack): number => (plan ? plan.width * plan.height : 0)
  return named ?? videos.toSorted((a, b) => pixels(b) - pixels(a) || b.bitrateKbps - a.bitrateKbps)[0]
}
