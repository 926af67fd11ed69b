/** A text as a QR code, drawn as one SVG path. The encoder is loaded only when a code is shown. */

export interface QrPath {
  /** modules on a side, quiet zone included */
  size: number
  /** the dark modules, one unit each */
  path: string
}

// ISO/IEC 18004, 6.3.8: four light modules on every side
const QUIET_ZONE_MODULES = 4

/** Throws where the text is longer than a QR code can hold (about 2,300 characters). */
export async function drawQrCode(text: string): Promise<QrPath> {
  const { encode } = await import('uqr')
  const { data, size } = encode(text, { ecc: 'M', border: QUIET_ZONE_MODULES })
  return { size, path: data.map(drawRow).join('') }
}

/** Neighbours are drawn as one bar, or a hair of light stays between them. */
function drawRow(row: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue
    const from = x
    while (row[x + 1]) x++
    path += `M${from} ${y}h${x - from + 1}v1H${from}z`
  }
  return path
}
