/** A room as the API and the signalling show it: to anyone, and to those who manage it. */

import {
  isSlateShown,
  type LiveFacts,
  type Notice,
  type SourceFacts,
  type SourceStatus,
} from '../program/live-rooms.ts'
import type { Addresses } from './addresses.ts'
import type { Room, RoomSettings } from './room.ts'

/** What anyone sees. */
export interface RoomView {
  room_id: string
  title: string
  state: LiveFacts['state']
  program_id: string | null
  /** Ed25519 key the room's parts are signed with, base64url. */
  public_key: string
  /** Wall clock, milliseconds. */
  started_at: number | null
  /** Wall clock at which the publisher was lost; null while one feeds the program. */
  interrupted_at: number | null
  /** The slate feeds the program meanwhile. */
  slate: boolean
  viewers: number
  /** Viewers need a token. */
  private: boolean
  play_url: string
  flv_url: string
  watch_url: string
  renditions: { name: string; width: number | null; height: number | null; bitrate_kbps: number }[]
}

/** What the publisher sends, as the studio shows it. */
export interface PublisherView {
  codec_video: string | null
  codec_audio: string | null
  width: number | null
  height: number | null
  fps: number | null
  bitrate_kbps: number | null
  keyframe_interval_ms: number | null
  audio_sample_rate: number | null
  audio_channels: number | null
  encoder: string | null
  warnings: Notice[]
}

/** What those who manage the room see besides. */
export interface ManagedView {
  streaming_mode: Room['streamingMode']
  created_at: number
  stream_url: string
  backup_stream_url: string
  settings: SettingsView
  /** Connected publishers, best first, and the slate while it feeds. */
  sources: SourceStatus[]
  publisher: PublisherView | null
  refusal: Notice | null
}

/** What the streamer has chosen; null goes by the server's configuration. */
export interface SettingsView {
  slate_after_ms: number | null
  reconnect_window_s: number | null
  record: boolean | null
  slate_language: RoomSettings['slateLanguage']
  cascade: boolean | null
  private: boolean
}

/** What everybody may know. */
export function viewRoom(room: Room, facts: LiveFacts, viewers: number, addresses: Addresses): RoomView {
  return {
    room_id: room.id,
    title: room.title,
    state: facts.state,
    program_id: facts.programId,
    public_key: room.publicKey,
    started_at: facts.startedAtMs,
    interrupted_at: facts.interruptedAtMs,
    slate: isSlateShown(facts),
    viewers,
    private: room.settings.isPrivate,
    play_url: addresses.play_url,
    flv_url: addresses.flv_url,
    watch_url: addresses.watch_url,
    renditions: facts.renditions.map(({ name, width, height, bitrateKbps }) => ({
      name,
      width,
      height,
      bitrate_kbps: bitrateKbps,
    })),
  }
}

/** What is for the publisher and the admin. */
export function viewManaged(room: Room, facts: LiveFacts, addresses: Addresses): ManagedView {
  return {
    streaming_mode: room.streamingMode,
    created_at: room.createdAtMs,
    stream_url: addresses.stream_url,
    backup_stream_url: addresses.backup_stream_url,
    settings: viewSettings(room.settings),
    sources: facts.sources,
    publisher: viewPublisher(facts.source),
    refusal: facts.refusal,
  }
}

function viewSettings(settings: RoomSettings): SettingsView {
  return {
    slate_after_ms: settings.slateAfterMs,
    reconnect_window_s: settings.reconnectWindowS,
    record: settings.record,
    slate_language: settings.slateLanguage,
    cascade: settings.cascade,
    private: settings.isPrivate,
  }
}

export function viewPublisher(source: SourceFacts | null): PublisherView | null {
  if (source === null) return null
  return {
    codec_video: source.videoCodec,
    codec_audio: source.audioCodec,
    width: source.width,
    height: source.height,
    fps: source.fps,
    bitrate_kbps: source.bitrateKbps,
    keyframe_interval_ms: source.keyframeIntervalMs,
    audio_sample_rate: source.audioSampleRate,
    audio_channels: source.audioChannels,
    encoder: source.encoder,
    warnings: source.warnings,
  }
}
