/**
 * Pictures of every page in every size, language and theme, for eyes to judge: `npx tsx tests/support/screenshots.ts OUTDIR [SIZE,…]`.
 * Says which pages scroll sideways, and then exits with 1.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { HeadwaterProcess, type MadeRoom } from './headwater-process.ts'
import { publishFlashes } from './publisher.ts'
import {
  createRoom,
  LANGUAGES,
  openRoom,
  signIn,
  THEMES,
  visit,
  WORDS,
  type VisitOptions,
} from './studio-visit.ts'

const SIZES = process.argv[3]?.split(',') ?? ['360x740', '768x1024', '1440x900', '3840x2160']
/** Longer than usual: the first pictures of a busy machine. */
const SOON_MS = 60_000

type Take = (
  page: Page,
  language: VisitOptions['language'],
  shoot: (name: string) => Promise<void>,
) => Promise<void>

const outDir = process.argv[2]
if (!outDir) throw new Error('say where the pictures go: npx tsx tests/support/screenshots.ts OUTDIR')
await mkdir(outDir, { recursive: true })

const server = await HeadwaterProcess.start()
const browser = await launchChromium()
const sideways: string[] = []
try {
  await inEveryShape(browser, takeFirstRun(server))
  const room = await server.createRoom('Mountain lake, live')
  // Keyframes and sound as they should not be, so that there is something to be told.
  const publisher = publishFlashes({
    url: server.publishUrl(room),
    size: '1280x720',
    keyframeSeconds: 8,
    audioOptions: ['-c:a', 'aac', '-b:a', '128k', '-ar', '44100'],
  })
  try {
    await server.live(room.id)
    await inEveryShape(browser, takeRooms(server, room))
  } finally {
    await publisher.close()
  }
} finally {
  await browser.close()
  await server.close()
}
for (const name of sideways) console.log(`scrolls sideways: ${name}`)
process.exitCode = sideways.length > 0 ? 1 : 0

async function inEveryShape(on: Browser, take: Take): Promise<void> {
  for (const size of SIZES)
    for (const language of LANGUAGES)
      for (const theme of THEMES) {
        const [width = 0, height = 0] = size.split('x').map(Number)
        const { page, context } = await visit(on, { language, theme, width, height })
        await take(page, language, async (name) => {
          const file = `${name}-${size}-${language}-${theme}`
          const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
          if (Number(overflow) > 0) sideways.push(`${file} by ${overflow} px`)
          // A dialog covers what is on the screen, and nothing of a page made longer for its picture.
          const fullPage = name !== 'studio-delete'
          await page.screenshot({ path: path.join(`${outDir}`, `${file}.png`), fullPage })
        })
        await context.close()
        console.log(`${take.name} ${size} ${language} ${theme}`)
      }
}

function takeFirstRun(of: HeadwaterProcess): Take {
  return async function firstRun(page, language, shoot) {
    await page.goto(`${of.url}/studio`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await shoot('studio-signed-out')
    await signIn(page, of)
    await page.getByRole('heading', { name: WORDS[language].firstRun }).waitFor()
    await shoot('studio-first-run')
  }
}

function takeRooms(of: HeadwaterProcess, room: MadeRoom): Take {
  return async function rooms(page, language, shoot) {
    const words = WORDS[language]
    await page.goto(`${of.url}/watch/${room.id}`)
    await page.locator('.hw-player[data-state=playing]').waitFor({ timeout: SOON_MS })
    await shoot('watch-live')
    await page.locator('.hw-player').getByRole('button', { name: words.settings }).click()
    await page.locator('.settings-panel').waitFor()
    await shoot('watch-settings')
    await page.keyboard.press('i')
    await page.locator('.stats-panel').waitFor()
    await shoot('watch-statistics')
    await openRoom(page, of, room.id)
    await page.locator('.remark-where').first().waitFor({ timeout: SOON_MS })
    await page.locator('.hw-player[data-state=playing]').waitFor({ timeout: SOON_MS })
    await shoot('studio-live')
    await page.getByRole('button', { name: words.remove }).click()
    await shoot('studio-delete')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: words.back }).click()
    await createRoom(page, language)
    await page.locator('.qr svg').waitFor()
    await shoot('studio-created')
    await page.goto((await page.locator('.watch-link a').getAttribute('href')) ?? '')
    await page.getByText(words.notLive).first().waitFor()
    await shoot('watch-waiting')
    await page.goto(`${of.url}/studio`)
    await page.locator('.rooms').waitFor()
    await shoot('studio-rooms')
  }
}
