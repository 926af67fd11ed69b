/** Waits for what has no event of its own. */

const EVENTUALLY_MS = 15_000
const POLL_MS = 5

/** Resolves as soon as the condition holds; throws when it has not within the limit. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  limitMs = EVENTUALLY_MS,
): Promise<void> {
  const endsAt = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > endsAt) throw new Error(`did not come true within ${limitMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
