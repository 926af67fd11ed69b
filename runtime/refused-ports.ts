/** Ports that browsers, and `fetch`, refuse to open whatever answers there: "bad port" in the Fetch standard, those above 1023. */
const REFUSED: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10_080,
])

export function isRefusedByBrowsers(port: number): boolean {
  return REFUSED.has(port)
}
