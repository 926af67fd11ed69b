/** What an H.264 configuration says of the picture: its size, read from the sequence parameter set (14496-10, 7.3.2.1.1). */
import { MediaError } from './media-error.ts'

export interface PictureSize {
  width: number
  height: number
}

/** Profiles whose parameter set speaks of chroma, bit depth and scaling matrices. */
const HIGH_PROFILES: readonly number[] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]
const MACROBLOCK = 16
/** `width_mbs` and `height_map_units` of any level stay far below; more is damage. */
const MAX_MACROBLOCKS_A_SIDE = 4096
const MAX_FRAMES_IN_CYCLE = 255

/** The size of the picture, cropped, in pixels. Takes an AVCDecoderConfigurationRecord (14496-15, 5.3.3.1). Throws `MediaError`. */
export function parsePictureSize(record: Uint8Array): PictureSize {
  const count = (record[5] ?? 0) & 0x1f
  const length = ((record[6] ?? 0) << 8) | (record[7] ?? 0)
  if (record[0] !== 1 || count === 0 || length < 4 || record.length < 8 + length)
    throw new MediaError('an H.264 configuration without a parameter set')
  return parseParameterSet(withoutEmulationPrevention(record.subarray(8, 8 + length)))
}

function parseParameterSet(nal: Uint8Array): PictureSize {
  const bits = new BitReader(nal.subarray(4))
  bits.golomb() // seq_parameter_set_id
  const chroma = HIGH_PROFILES.includes(nal[1] ?? 0) ? readHighProfile(bits) : 1
  bits.golomb() // log2_max_frame_num_minus4
  skipPictureOrder(bits)
  bits.golomb() // max_num_ref_frames
  bits.read(1) // gaps_in_frame_num_value_allowed_flag
  const columns = bits.golomb() + 1
  const units = bits.golomb() + 1
  if (Math.max(columns, units) > MAX_MACROBLOCKS_A_SIDE)
    throw new MediaError(`a picture of ${columns} by ${units} macroblocks`)
  const isFramesOnly = bits.read(1) === 1
  if (!isFramesOnly) bits.read(1) // mb_adaptive_frame_field_flag
  bits.read(1) // direct_8x8_inference_flag
  const crop = bits.read(1) === 1 ? [0, 0, 0, 0].map(() => bits.golomb()) : [0, 0, 0, 0]
  const [left = 0, right = 0, top = 0, bottom = 0] = crop
  const rows = isFramesOnly ? 1 : 2
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1
  const unitY = (chroma === 1 ? 2 : 1) * rows
  const width = columns * MACROBLOCK - unitX * (left + right)
  const height = units * MACROBLOCK * rows - unitY * (top + bottom)
  if (width <= 0 || height <= 0) throw new MediaError(`a picture cropped to ${width} by ${height}`)
  return { width, height }
}

/** Returns chroma_format_idc. */
function readHighProfile(bits: BitReader): number {
  const chroma = bits.golomb()
  if (chroma === 3) bits.read(1) // separate_colour_plane_flag
  bits.golomb() // bit_depth_luma_minus8
  bits.golomb() // bit_depth_chroma_minus8
  bits.read(1) // qpprime_y_zero_transform_bypass_flag
  if (bits.read(1) === 0) return chroma
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++)
    if (bits.read(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64)
  return chroma
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8
  for (let at = 0; at < size; at++) {
    const next = (last + bits.signedGolomb() + 256) % 256
    if (next === 0) return
    last = next
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.golomb()
  if (type === 0) bits.golomb() // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return
  bits.read(1) // delta_pic_order_always_zero_flag
  bits.golomb() // offset_for_non_ref_pic, signed
  bits.golomb() // offset_for_top_to_bottom_field, signed
  const frames = bits.golomb()
  if (frames > MAX_FRAMES_IN_CYCLE) throw new MediaError(`${frames} frames in a picture order cycle`)
  for (let at = 0; at < frames; at++) bits.golomb()
}

/** Bytes 0 0 3 stand for 0 0 (7.4.1). */
function withoutEmulationPrevention(nal: Uint8Array): Uint8Array {
  return nal.filter((byte, at) => !(byte === 3 && at >= 2 && nal[at - 1] === 0 && nal[at - 2] === 0))
}

class BitReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(count: number): number {
    let value = 0
    for (let bit = 0; bit < count; bit++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3]
      if (byte === undefined) throw new MediaError('a parameter set that ends too early')
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1)
    }
    return value
  }

  /** ue(v) (9.1). */
  golomb(): number {
    let zeros = 0
    while (this.read(1) === 0) if (++zeros > 31) throw new MediaError('a number of more than 32 bits')
    return 2 ** zeros - 1 + this.read(zeros)
  }

  /** se(v) (9.1.1). */
  signedGolomb(): number {
    const code = this.golomb()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }
}
