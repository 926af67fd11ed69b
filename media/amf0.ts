/** AMF0 as far as FLV script tags need it (Adobe AMF0, sections 2.2 to 2.13): bounded, no references, no classes. */
import { ByteReader, concatBytes, u32Bytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

export type AmfValue = number | boolean | string | null | AmfValue[] | { [name: string]: AmfValue }

const MAX_DEPTH = 8
const MAX_ENTRIES = 512
const OBJECT_END = 9

/** All values of a script tag. Throws `MediaError` on truncation, unknown markers and absurd sizes. */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] {
  const reader = new ByteReader(bytes)
  const values: AmfValue[] = []
  while (reader.remaining > 0 && values.length < MAX_ENTRIES) values.push(readValue(reader, 0))
  return values
}

/** A script tag's body: a name and an ECMA array, such as `onMetaData`. Throws `MediaError` for strings over 64 KiB. */
export function encodeScript(name: string, values: Record<string, number | boolean | string>): Uint8Array {
  const entries = Object.entries(values).map(([key, value]) =>
    concatBytes([encodeKey(key), encodeValue(value)]),
  )
  const array = concatBytes([
    Uint8Array.of(8),
    u32Bytes(entries.length),
    ...entries,
    Uint8Array.of(0, 0, OBJECT_END),
  ])
  return concatBytes([encodeValue(name), array])
}

/** The properties of `onMetaData`, also behind `@setDataFrame`; empty for any other script. Never throws. */
export function readMetadata(bytes: Uint8Array): Record<string, AmfValue> {
  try {
    const values = decodeAmf0(bytes)
    const at = values.indexOf('onMetaData')
    const properties = at < 0 ? undefined : values[at + 1]
    return properties !== null && typeof properties === 'object' && !Array.isArray(properties)
      ? properties
      : {}
  } catch {
    return {}
  }
}

function readValue(reader: ByteReader, depth: number): AmfValue {
  if (depth > MAX_DEPTH) throw new MediaError(`AMF0 nested deeper than ${MAX_DEPTH}`)
  const marker = reader.u8()
  switch (marker) {
    case 0:
      return reader.f64()
    case 1:
      return reader.u8() !== 0
    case 2:
      return readText(reader, reader.u16())
    case 3:
      return readProperties(reader, depth)
    case 5:
    case 6:
      return null
    case 8:
      reader.skip(4) // associative-count is only a hint
      return readProperties(reader, depth)
    case 10:
      return readArray(reader, depth)
    case 11:
      return readDate(reader)
    case 12:
      return readText(reader, reader.u32())
    default:
      throw new MediaError(`AMF0 marker ${marker}`)
  }
}

function readProperties(reader: ByteReader, depth: number): { [name: string]: AmfValue } {
  const properties: [string, AmfValue][] = []
  for (;;) {
    const key = readText(reader, reader.u16())
    if (key === '') {
      const end = reader.u8()
      if (end !== OBJECT_END) throw new MediaError(`AMF0 object ends with ${end}`)
      return Object.fromEntries(properties)
    }
    if (properties.length >= MAX_ENTRIES)
      throw new MediaError(`AMF0 object with more than ${MAX_ENTRIES} properties`)
    properties.push([key, readValue(reader, depth + 1)])
  }
}

function readArray(reader: ByteReader, depth: number): AmfValue[] {
  const count = reader.u32()
  if (count > MAX_ENTRIES) throw new MediaError(`AMF0 array of ${count}, at most ${MAX_ENTRIES}`)
  return Array.from({ length: count }, () => readValue(reader, depth + 1))
}

function readDate(reader: ByteReader): number {
  const milliseconds = reader.f64()
  reader.skip(2) // time-zone, reserved
  return milliseconds
}

function readText(reader: ByteReader, length: number): string {
  return new TextDecoder().decode(reader.take(length))
}

function encodeKey(key: string): Uint8Array {
  const bytes = new TextEncoder().encode(key)
  if (bytes.length > 0xffff) throw new MediaError(`AMF0 string of ${bytes.length} bytes, at most 65535`)
  return concatBytes([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

function encodeValue(value: number | boolean | string): Uint8Array {
  if (typeof value === 'string') return concatBytes([Uint8Array.of(2), encodeKey(value)])
  if (typeof value === 'boolean') return Uint8Array.of(1, value ? 1 : 0)
  const bytes = new Uint8Array(9)
  new DataView(bytes.buffer).setFloat64(1, value)
  return bytes
}
