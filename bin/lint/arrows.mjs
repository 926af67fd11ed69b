// The arrows between the folders, and which file alone knows each third-party engine: the house's plan, as lint reads it.

/** What each folder may import of ours, besides itself. */
export const ARROWS = {
  media: [],
  runtime: [],
  cascade: ['media'],
  origin: ['media', 'runtime', 'cascade'],
  edge: ['media', 'runtime', 'cascade'],
  transcoder: ['media', 'runtime'],
  player: ['media', 'cascade'],
}

/** Folders that run in a browser as well and do no I/O. */
export const ISOMORPHIC = ['media', 'cascade', 'player']

/** Each engine and the one file that imports it; the other files of that folder may import its types. */
export const ENGINES = {
  'node-media-server': 'origin/ingest/nms-session.ts',
  'fluent-ffmpeg': 'runtime/ffmpeg.ts',
  ioredis: 'runtime/store/redis-clients.ts',
  'hls.js': 'player/engine/hls-engine.ts',
  'mpegts.js': 'player/engine/flv-engine.ts',
  'node-datachannel': 'edge/datachannel/stack.ts',
}

/** Imported only where HTTP is spoken: in a file or folder whose name begins with `http`; their types, anywhere. */
export const HTTP_ENGINES = ['koa', 'koa-router']
