/** Keeps the page's thread busy for a moment, which a worker's uses: what a page that goes leaves to a worker is else left undone. */
export function hold(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}
