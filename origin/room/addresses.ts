/** The addresses of a room, for the host its visitor asked. */

import { HeadwaterError } from '../../runtime/errors.ts'

/** Addresses that this version does not serve are null. */
export interface Addresses {
  stream_url: string
  /** The same server: what makes a publisher the standby is its key. */
  backup_stream_url: string
  webrtc_url: string | null
  play_url: string
  flv_url: string
  dash_url: string | null
  webrtc_play_url: string | null
  watch_url: string
}

export interface AddressOptions {
  /** Origin of all public addresses (`https://live.example`), or null to go by the request's Host header. */
  publicUrl: string | null
  /** Port publishers connect to. */
  rtmpPort: number
}

// A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 9110 §7.2).
const HOST = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/

/** The origin public addresses begin with. Throws `bad_host` when neither the configuration nor the request names one. */
export function publicOrigin(publicUrl: string | null, host: string | undefined): string {
  if (publicUrl !== null) return publicUrl
  const origin = `http://${host ?? ''}`
  if (host === undefined || !HOST.test(host) || !URL.canParse(origin)) {
    throw new HeadwaterError('bad_host', 'the Host header does not name a host')
  }
  return new URL(origin).origin
}

/** All addresses of a room below an origin. */
export function addressesOf(roomId: string, origin: string, rtmpPort: number): Addresses {
  const stream_url = `rtmp://${new URL(origin).hostname}:${rtmpPort}/live`
  return {
    stream_url,
    backup_stream_url: stream_url,
    webrtc_url: null,
    play_url: `${origin}/live/${roomId}/master.m3u8`,
    flv_url: `${origin}/live/${roomId}/source.flv`,
    dash_url: null,
    webrtc_play_url: null,
    watch_url: `${origin}/watch/${roomId}`,
  }
}
