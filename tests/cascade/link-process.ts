/** A process that carries the datagrams of a swarm, so that delays are those of a network and not of the peers' event loops. */
import { UdpLink, type LinkEnd, type PathQuality } from '../support/udp-links.ts'

export type ToLinks =
  | { do: 'publish'; link: string; end: LinkEnd; port: number; ask: number }
  | { do: 'quality'; links: 'all' | string[]; quality: PathQuality }
  | { do: 'close'; link: string }

export type FromLinks = { is: 'ready' } | { is: 'published'; ask: number; port: number }

let quality: PathQuality = { delayMs: 0 }
let seed = Number(process.argv[2] ?? 1)
const links = new Map<string, Promise<UdpLink>>()

function linkOf(name: string): Promise<UdpLink> {
  const known = links.get(name)
  if (known !== undefined) return known
  const opened = UdpLink.open({ ...quality }, seed++)
  links.set(name, opened)
  return opened
}

process.on('message', async (message: ToLinks) => {
  if (message.do === 'publish') {
    const port = (await linkOf(message.link)).publish(message.end, message.port)
    process.send?.({ is: 'published', ask: message.ask, port } satisfies FromLinks)
  } else if (message.do === 'quality') {
    if (message.links === 'all') quality = message.quality
    for (const [name, link] of links)
      if (message.links === 'all' || message.links.includes(name)) (await link).quality = message.quality
  } else {
    const link = links.get(message.link)
    links.delete(message.link)
    ;(await link)?.close()
  }
})
process.on('disconnect', () => process.exit())
process.send?.({ is: 'ready' } satisfies FromLinks)
