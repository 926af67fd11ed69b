/** A room's own slate as one file in DATA_DIR: what it was made of, its preview and its clip, whole or not there. */
import path from 'node:path'
import { z } from 'zod'
import { encodeClip, parseClip, type SlateClip } from './clip.ts'
import { readSealedFile, writeSealedFile } from './sealed-file.ts'
import type { SlateFile } from './slate-file.ts'

export interface RoomSlate {
  /** What was uploaded. */
  type: SlateFile['type']
  isClip: boolean
  /** Of the upload. */
  bytes: number
  /** Wall clock. */
  madeAtMs: number
  /** JPEG, 640×360. */
  preview: Buffer
  clip: SlateClip
}

const head = z.strictObject({
  type: z.enum(['png', 'jpeg', 'gif', 'webp', 'mp4', 'webm', 'flv']),
  isClip: z.boolean(),
  bytes: z.int().min(0),
  madeAtMs: z.int().min(0),
  previewBytes: z.int().min(0),
})

const NEWLINE = 10
const SUFFIX = '.slate'

export function slateFileName(roomId: string): string {
  return `room-${roomId}${SUFFIX}`
}

/** The room a file in the slates' folder belongs to, or null. */
export function findRoomOfFile(name: string): string | null {
  return /^room-(.+)\.slate$/.exec(name)?.[1] ?? null
}

/** Throws what the file system says. */
export async function writeRoomSlate(folder: string, roomId: string, slate: RoomSlate): Promise<void> {
  const { preview, clip, ...rest } = slate
  const line = `${JSON.stringify({ ...rest, previewBytes: preview.length })}\n`
  const content = Buffer.concat([Buffer.from(line), preview, encodeClip(clip)])
  await writeSealedFile(path.join(folder, slateFileName(roomId)), content)
}

/** Null when there is none or it is not whole. Throws when it is whole and yet no slate of this version. */
export async function readRoomSlate(folder: string, roomId: string): Promise<RoomSlate | null> {
  const content = await readSealedFile(path.join(folder, slateFileName(roomId)))
  if (!content) return null
  const end = content.indexOf(NEWLINE)
  const { previewBytes, ...rest } = head.parse(JSON.parse(content.subarray(0, end).toString('utf8')))
  const preview = content.subarray(end + 1, end + 1 + previewBytes)
  return { ...rest, preview, clip: parseClip(content.subarray(end + 1 + previewBytes)) }
}
