/** What a client sees of an ideal track: for tests of writers and checkers. */
import { partIdOf } from '../../part.ts'
import { FIRST_PART, SYNTHETIC_AUDIO, syntheticHeader, syntheticVideo } from '../../synthetic-stream.ts'
import type { SyntheticTrack } from '../../synthetic-stream.ts'
import { Track } from '../../track.ts'
import type { PlaylistObservation } from '../conformance.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from '../media.ts'
import type { MediaPlaylistOptions } from '../media.ts'
import { AUDIO_PART_TARGET_SEC, videoPartTargetSec } from '../timing.ts'

const EPOCH_MS = 1_700_000_000_123

export interface Watched {
  source: SyntheticTrack
  options: MediaPlaylistOptions
  /** Parts between two reloads. */
  step?: number
  parts?: number
  maxSegments?: number
  end?: boolean
  skip?: boolean
}

export function videoAt(fps: number): Pick<Watched, 'source' | 'options'> {
  return {
    source: syntheticVideo(fps),
    options: { partTargetSec: videoPartTargetSec(fps), epochMs: EPOCH_MS },
  }
}

export const WATCHED_AUDIO: Pick<Watched, 'source' | 'options'> = {
  source: SYNTHETIC_AUDIO,
  options: { partTargetSec: AUDIO_PART_TARGET_SEC, epochMs: EPOCH_MS },
}

/** What a client sees that reloads every `step` parts, by blocking requests. */
export function watch(watched: Watched): PlaylistObservation[] {
  const { source, options, step = 1, parts = 200, maxSegments = 15, end = false, skip = false } = watched
  const track = new Track({ name: source.track, maxSegments })
  const sibling = new Track({ name: 'other', maxSegments })
  const observations: PlaylistObservation[] = []
  const answer = (k: number): void => {
    const text = formatMediaPlaylist(viewMediaPlaylist(track, [sibling]), {
      ...options,
      skip: skip && k > FIRST_PART,
    })
    observations.push({ atMs: (k + 1) * 250, text, requested: partIdOf(k) })
  }
  for (let k = FIRST_PART; k < FIRST_PART + parts; k += 1) {
    track.note(syntheticHeader(source, k), null)
    sibling.note(syntheticHeader(SYNTHETIC_AUDIO, k), null)
    if ((k - FIRST_PART) % step === 0) answer(k)
  }
  if (!end) return observations
  track.end()
  answer(FIRST_PART + parts)
  return observations
}
