/** axe-core in the page under test: what of it people who cannot see, or cannot point, would stumble over. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { z } from 'zod'
import { THEMES } from './studio-visit.ts'

/** To be run before the page's own scripts: the policy of the pages lets no script of others in later. */
export const AXE_SOURCE = axe.source

const violationsSchema = z.array(
  z.object({ id: z.string(), impact: z.string().nullable(), where: z.array(z.string()) }),
)

const RUN = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
  ({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target + ': ' + node.failureSummary) })))`

/** Serious and critical violations, a line for each, in both themes. Throws where the page shows only one. */
export async function findSerious(page: Page): Promise<string[]> {
  const found: string[] = []
  const grounds = new Set<unknown>()
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme })
    grounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    const violations = violationsSchema.parse(await page.evaluate(RUN))
    for (const { id, impact, where } of violations)
      if (impact === 'serious' || impact === 'critical')
        found.push(...where.map((place) => `${theme} ${impact} ${id} ${place.replace(/\s+/g, ' ')}`))
  }
  if (grounds.size < THEMES.length) throw new Error(`both themes look alike: ${[...grounds].join()}`)
  return found
}
