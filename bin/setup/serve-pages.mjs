// Vite's development server for the pages; streams and the API come from the Headwater server behind it.
import { createServer } from 'vite'
import { atRoot } from './root.mjs'

/** Starts it; resolves with the way to stop it. */
export async function servePages({ port, serverUrl }) {
  // The Headwater server accepts WebSockets from its own pages only, so the proxy speaks as one of them.
  const proxied = {
    target: serverUrl,
    changeOrigin: true,
    rewriteWsOrigin: true,
    headers: { origin: serverUrl },
  }
  const vite = await createServer({
    configFile: atRoot('player/vite.config.ts'),
    server: {
      port,
      strictPort: true,
      proxy: { '/api': { ...proxied, ws: true }, '/live': proxied, '/hls': proxied, '/flv': proxied },
    },
  })
  await vite.listen()
  return () => vite.close()
}
