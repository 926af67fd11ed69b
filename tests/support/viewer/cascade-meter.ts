/** What a viewer's cascade gets, seen from the page: every part with its time and the pipe it came by, parents lost and found. */
import { runningNumber } from '../../../media/part.ts'

export interface MeteredPart {
  /** ms since 1970 */
  atMs: number
  track: string
  number: number
  pipe: 'cascade' | 'http'
}

export interface MeterReading {
  /** oldest first, the last minutes' */
  parts: MeteredPart[]
  lost: { atMs: number; parent: string; why: string }[]
  /** links to parents that the engine was given */
  found: { atMs: number; parent: string }[]
  switches: { atMs: number; from: string; to: string | null; gapMs: number; why: string }[]
  /** as the engine last said */
  facts: {
    bytes: { fromPrimary: number; fromBackup: number; duplicate: number; sent: number }
    parts: { cascade: number; http: number; late: number }
    nacksSent: number
    verifiedChunks: number
  } | null
  /** the page began */
  openedAtMs: number
  /** the engine was opened: a place is there */
  joinedAtMs: number | null
  firstPeerPartAtMs: number | null
}

interface RawPart {
  atMs: number
  track: string
  msn: number
  part: number
  pipe: MeteredPart['pipe']
}

/** Reads the meter in a page that ran `CASCADE_METER`. */
export const READ_METER = 'JSON.stringify(window.cascadeMeter)'

export function parseReading(text: string): MeterReading {
  const raw = JSON.parse(text) as Omit<MeterReading, 'parts'> & { parts: RawPart[] }
  return {
    ...raw,
    parts: raw.parts.map(({ atMs, track, pipe, ...id }) => ({
      atMs,
      track,
      pipe,
      number: runningNumber(id),
    })),
  }
}

/**
 * Listens between the page and the worker in which the engine runs. Byte positions are those of META in its `uuid` box
 * (docs/protocol.md).
 */
export const CASCADE_METER = `
window.cascadeMeter = {
  parts: [], lost: [], found: [], switches: [], facts: null,
  openedAtMs: performance.timeOrigin, joinedAtMs: null, firstPeerPartAtMs: null,
}
{
  const meter = window.cascadeMeter
  const MOST = 4000
  const add = (list, entry) => { list.push(entry); if (list.length > MOST) list.shift() }
  const notePart = (bytes, pipe) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const at = 24
    const programBytes = bytes[at + 41]
    const trackAt = at + 42 + programBytes
    const track = String.fromCharCode(...bytes.subarray(trackAt + 1, trackAt + 1 + bytes[trackAt]))
    if (pipe === 'cascade') meter.firstPeerPartAtMs ??= Date.now()
    add(meter.parts, { atMs: Date.now(), track, msn: view.getUint32(at + 5), part: bytes[at + 2], pipe })
  }
  const parents = new Map()
  const sent = (message) => {
    if (message.type === 'open') meter.joinedAtMs ??= Date.now()
    if (message.type === 'offer') notePart(message.bytes, 'http')
    if (message.type === 'add-parent') add(meter.found, { atMs: Date.now(), parent: message.role.id })
  }
  const heard = (message) => {
    if (message.type === 'part') notePart(message.bytes, 'cascade')
    if (message.type === 'parent-lost') add(meter.lost, { atMs: Date.now(), parent: message.parent, why: message.why })
    if (message.type === 'switch') {
      const { from, to, gapMs, why } = message.change
      add(meter.switches, { atMs: message.atMs, from, to, gapMs, why })
    }
    if (message.type === 'facts') {
      const { bytes, parts, nacksSent, verifiedChunks } = message.facts
      meter.facts = { bytes, parts, nacksSent, verifiedChunks }
    }
  }
  window.Worker = class extends Worker {
    constructor(address, options) {
      super(address, options)
      this.isMetered = options?.name === 'cascade'
      if (this.isMetered) this.addEventListener('message', ({ data }) => heard(data))
    }
    postMessage(message, transfer) {
      if (this.isMetered) sent(message)
      super.postMessage(message, transfer)
    }
  }
}
`
