/** Whether a source's picture is larger than may be: known from its configuration, before a frame of it is placed. */
import { parsePictureSize } from '../../media/avc.ts'
import { MediaError } from '../../media/media-error.ts'

export interface PictureLimits {
  /** Pixels, lying or standing upright; absent: any size. */
  maxWidth?: number
  maxHeight?: number
}

/** In words for its streamer; null for one that may be. Unreadable configurations are left to the decoder. */
export function findExcess(configuration: Uint8Array, limits: PictureLimits): string | null {
  const { maxWidth = Infinity, maxHeight = Infinity } = limits
  const size = sizeOf(configuration)
  if (!size) return null
  const { width, height } = size
  const [longer, shorter] = [Math.max(maxWidth, maxHeight), Math.min(maxWidth, maxHeight)]
  if (Math.max(width, height) <= longer && Math.min(width, height) <= shorter) return null
  return `${width}×${height}, at most ${longer}×${shorter}: lower the output resolution`
}

function sizeOf(configuration: Uint8Array): { width: number; height: number } | null {
  try {
    return parsePictureSize(configuration)
  } catch (error) {
    if (error instanceof MediaError) return null
    throw error
  }
}
