/** Refusals and warnings in a streamer's words. Settings are named as OBS names them, in the order they are clicked. */

export interface RemarkText {
  /** what is wrong, and what viewers notice of it; `{seconds}` is the distance of keyframes */
  what: string
  /** where to click in OBS; null where nothing in OBS helps */
  where: string | null
}

export const remarksEn = {
  source_malformed: {
    what: 'What arrived is not a stream that can be read. Stop it and start it again.',
    where: 'Settings → Output → Video Encoder: x264 or NVENC H.264',
  },
  video_codec_unsupported: {
    what: 'The picture is not H.264, so it cannot be shown everywhere.',
    where: 'Settings → Output → Video Encoder: x264 or NVENC H.264',
  },
  video_unreadable: {
    what: 'The picture is in a colour format that cannot be used.',
    where: 'Settings → Advanced → Video → Color Format: NV12',
  },
  resolution_too_high: {
    what: 'The picture is larger than this server takes.',
    where: 'Settings → Video → Output (Scaled) Resolution: 1920×1080 or less',
  },
  bitrate_too_high: {
    what: 'The bitrate is higher than this server takes.',
    where: 'Settings → Output → Video Bitrate: 6000 Kbps or less',
  },
  no_keyframe: {
    what: 'No keyframe came, and without one nobody can begin to watch.',
    where: 'Settings → Output → Output Mode: Advanced → Streaming → Keyframe Interval: 2 s',
  },
  capacity_exceeded: {
    what: 'The server has no room for one more stream at the moment. Try again later, or tell whoever runs it.',
    where: null,
  },
  encoder_failed: {
    what: 'The server could not convert this signal. Try another encoder.',
    where: 'Settings → Output → Video Encoder: x264; then Settings → Advanced → Video → Color Format: NV12',
  },
  keyframe_interval_long: {
    what: 'Keyframes every {seconds} s: viewers wait long before the picture starts. Set 2 s.',
    where: 'Settings → Output → Output Mode: Advanced → Streaming → Keyframe Interval: 2 s',
  },
  frame_rate_variable: {
    what: 'The number of frames per second changes: movement may stutter.',
    where: 'Settings → Video → Common FPS Values: 30 or 60',
  },
  b_frames: {
    what: 'The stream has B-frames: viewers see everything a little later.',
    where:
      'Settings → Output → Output Mode: Advanced → Streaming → Tune: zerolatency (x264), or Max B-frames: 0',
  },
  audio_not_48khz: {
    what: 'The sound is not at 48 kHz and has to be converted.',
    where: 'Settings → Audio → Sample Rate: 48 kHz',
  },
  audio_codec_unsupported: {
    what: 'Viewers hear silence: the sound is not AAC.',
    where: 'Settings → Output → Audio Encoder: AAC',
  },
  encoding_unavailable: {
    what: 'The server cannot take new streams at the moment. Your signal is fine: try again in a minute.',
    where: null,
  },
  too_many_messages: {
    what: 'The encoder sends far more messages than a stream has. Start it again; if it happens again, try another one.',
    where: null,
  },
  picture_empty: {
    what: 'The picture has been black, or of one colour, for a while: choose the right scene, and see that its source is visible.',
    where: null,
  },
  audio_silent: {
    what: 'There has been no sound for a while: something is muted.',
    where:
      'Settings → Audio → Global Audio Devices: the microphone in use; and the loudspeakers in the mixer',
  },
  clock_fast: {
    what: 'The stream runs faster than time: a second is skipped now and then. Restart OBS, and play videos at speed 100 %.',
    where: 'Settings → Video → Common FPS Values: the same as the camera’s',
  },
  clock_slow: {
    what: 'The stream comes in slower than time: viewers’ pictures stop. The upload or the computer does not keep up; a network cable helps.',
    where:
      'Settings → Output → Video Bitrate: lower; or Settings → Video → Output (Scaled) Resolution: lower',
  },
  preset_lowered: {
    what: 'The server is short of processor time: the picture is a little coarser. Your signal is fine.',
    where: null,
  },
} as const satisfies Record<string, RemarkText>

export type RemarkCode = keyof typeof remarksEn
