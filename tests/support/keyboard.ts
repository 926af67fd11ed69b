/** Someone who has a keyboard and no mouse. */
import type { Page } from 'playwright-core'
import { z } from 'zod'

const focusSchema = z.object({
  name: z.string(),
  isVisible: z.boolean(),
  isOnScreen: z.boolean(),
  /** which element of the document it is; null: none that Tab is for */
  place: z.number().nullable(),
})
export type Focus = z.infer<typeof focusSchema>

const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), [tabindex="0"]'
const READ_FOCUS = `(() => {
  const it = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(it)
  const box = it.getBoundingClientRect()
  const places = (globalThis.placesOfFocus ??= new Map())
  if (!places.has(it)) places.set(it, places.size)
  const label = it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent
  return {
    name: it === document.body ? '' : label.trim(),
    isVisible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    isOnScreen: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    place: it.matches('${FOCUSABLE}') ? places.get(it) : null,
  }
})()`

export async function focusOf(page: Page): Promise<Focus> {
  return focusSchema.parse(await page.evaluate(READ_FOCUS))
}

/** Presses Tab until the focus is on what has this name. Throws where it never gets there. */
export async function tabTo(page: Page, name: string, limit = 40): Promise<Focus> {
  const passed: string[] = []
  for (let step = 0; step < limit; step++) {
    await page.keyboard.press('Tab')
    const focus = await focusOf(page)
    if (focus.name === name) return focus
    passed.push(focus.name)
  }
  throw new Error(`Tab does not lead to “${name}”, only to ${passed.join(', ')}`)
}

/**
 * Everything Tab reaches, once around the page, from wherever the focus is. A page that is live gains and loses buttons meanwhile:
 * what has been passed is known by the element itself, not by where in the document it stands.
 */
export async function tabAround(page: Page, limit = 60): Promise<Focus[]> {
  const round: Focus[] = []
  for (let step = 0; step < limit; step++) {
    await page.keyboard.press('Tab')
    const focus = await focusOf(page)
    if (focus.place === null) continue
    if (round.some(({ place }) => place === focus.place)) return round
    round.push(focus)
  }
  throw new Error(`Tab does not come around: ${round.map(({ name }) => name).join(', ')}`)
}
