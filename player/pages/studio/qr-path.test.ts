import { encode } from 'uqr'
import { describe, expect, it } from 'vitest'
import { drawQrCode } from './qr-path.ts'

const ADDRESS = 'https://live.example.org/watch/k3v9x0q2ab'

describe('drawQrCode', () => {
  it('draws exactly the dark modules of the code', async () => {
    const { size, path } = await drawQrCode(ADDRESS)
    const { data } = encode(ADDRESS, { ecc: 'M', border: 4 })
    const drawn = data.map((row) => row.map(() => false))
    for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g))
      drawn[Number(y)]?.fill(true, Number(x), Number(x) + Number(width))
    expect(drawn).toEqual(data)
    expect(size).toBe(data.length)
  })

  it('leaves four light modules on every side', async () => {
    const { size, path } = await drawQrCode(ADDRESS)
    const bars = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map((bar) => bar.slice(1).map(Number))
    const xs = bars.flatMap(([x = 0, , width = 0]) => [x, x + width])
    const ys = bars.map(([, y = 0]) => y)
    expect([Math.min(...xs), Math.max(...xs)]).toEqual([4, size - 4])
    expect([Math.min(...ys), Math.max(...ys) + 1]).toEqual([4, size - 4])
  })
})
