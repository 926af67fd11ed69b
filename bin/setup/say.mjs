// How the set-up speaks: one short line for each step that takes time, nothing when there is nothing to do.

/** Something a person has to see to; shown without a stack trace. */
export class SetupError extends Error {}

export function say(line) {
  console.log(`set-up: ${line}`)
}

/** Announces a step, runs it, and says how long it took. */
export async function step(what, work) {
  say(`${what} …`)
  const startedAt = Date.now()
  const result = await work()
  say(`done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

/** Shows why the set-up did not succeed. */
export function complain(error) {
  console.error(error instanceof SetupError ? `set-up: ${error.message}` : error)
}
