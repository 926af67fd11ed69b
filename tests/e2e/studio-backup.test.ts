/** The studio's page of a room: two encoders and who is on air, the slate, and the settings. */
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AXE_SOURCE, findSerious } from '../support/axe.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { makeFile } from '../support/slate-files.ts'
import { LANGUAGES, openRoom, signIn, visit, type Visit } from '../support/studio-visit.ts'

const SOON_MS = 60_000
const PICTURES = process.env['HEADWATER_PICTURES']

let server: HeadwaterProcess
let browser: Browser
let open: Visit | null = null
const publishers: Publisher[] = []

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  browser = await launchChromium()
})

afterEach(async () => {
  await open?.context.close()
  open = null
  for (const publisher of publishers.splice(0)) await publisher.close()
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

async function visitStudio(): Promise<Page> {
  open = await visit(browser, { language: 'en', script: AXE_SOURCE })
  await signIn(open.page, server)
  return open.page
}

function stateOf(page: Page, name: string): Promise<string | null> {
  return page.locator('.source', { hasText: name }).getAttribute('data-state')
}

describe('the page of a room', () => {
  it('gives the key for a second encoder, and puts that one on air when asked to', async () => {
    const page = await visitStudio()
    await page.getByLabel('Title of the stream').fill('Two encoders')
    await page.getByRole('button', { name: 'Create room' }).click()
    await page.getByRole('heading', { name: 'Your room is ready' }).waitFor()
    const url = await page.getByLabel('Server').inputValue()
    const key = await page.getByLabel('Stream key').inputValue()
    await page.getByRole('button', { name: 'I have it' }).click()
    const backupKey = await page.getByLabel('Backup key', { exact: true }).inputValue()
    expect(await stateOf(page, 'Main encoder')).toBe('absent')

    publishers.push(publishFlashes({ url: `${url}/${key}` }))
    await eventually(async () => (await stateOf(page, 'Main encoder')) === 'onAir', SOON_MS)
    publishers.push(publishFlashes({ url: `${url}/${backupKey}` }))
    await page.getByRole('button', { name: 'Put on air: Backup encoder' }).click({ timeout: SOON_MS })
    await eventually(async () => (await stateOf(page, 'Backup encoder')) === 'onAir', SOON_MS)
    expect(await stateOf(page, 'Main encoder')).toBe('ready')
    expect(await findSerious(page)).toEqual([])
    await takePictures(page.url())

    await page.reload()
    await page.locator('.sources').waitFor()
    expect(await page.content()).not.toContain(backupKey)
  })

  it('takes a slate of the streamer’s, shows it, says what is wrong with another, and goes back', async () => {
    const room = await server.createRoom('Slate')
    const page = await visitStudio()
    await openRoom(page, server, room.id)
    const slate = page.locator('.slate')
    await slate.getByText('Built-in picture').waitFor()
    const width = (): Promise<number> =>
      slate.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth)
    await eventually(async () => (await width()) === 1280, SOON_MS)

    const buffer = await makeFile('a.png', 'testsrc2=s=320x180', { video: ['-frames:v', '1'] })
    const input = slate.locator('input[type=file]')
    await input.setInputFiles({ name: 'break.png', mimeType: 'image/png', buffer })
    await slate.getByText(/^Your picture \(PNG, \d+ KB\)$/).waitFor({ timeout: SOON_MS })
    await slate.getByText('The new slate is set.').waitFor()
    expect(await width()).toBe(640)
    await input.setInputFiles({ name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('#EXTM3U\n') })
    await slate.getByRole('alert').getByText('This kind of file cannot be used.').waitFor()
    expect(await findSerious(page)).toEqual([])
    await slate.getByRole('button', { name: 'Use the built-in one' }).click()
    await slate.getByText('Built-in picture').waitFor()
  })

  it('keeps settings at once', async () => {
    const room = await server.createRoom('Settings')
    const page = await visitStudio()
    await openRoom(page, server, room.id)
    await page.getByLabel('Show the slate after').selectOption('500')
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.getByLabel('Wait for the encoder').selectOption('60')
    await page.getByLabel('Recording').selectOption('true')
    await page.getByLabel('Language of the built-in slate').selectOption('zh-CN')
    await page.getByLabel('Exchange between viewers').selectOption('false')
    const chosen = { slate_after_ms: 500, reconnect_window_s: 60, record: true, slate_language: 'zh-CN' }
    const settings = { ...chosen, cascade: false, private: false }
    await eventually(async () => {
      const answer = await server.api('GET', `/api/v1/live/${room.id}`)
      const { data } = (await answer.json()) as { data: { settings: typeof settings } }
      return isDeepStrictEqual(data.settings, settings)
    }, SOON_MS)
    await page.reload()
    await page.getByLabel('Show the slate after').waitFor()
    expect(await page.getByLabel('Show the slate after').inputValue()).toBe('500')
    expect(await page.getByLabel('Exchange between viewers').inputValue()).toBe('false')
  })
})

/** For eyes to judge: `HEADWATER_PICTURES=OUTDIR`. */
async function takePictures(url: string): Promise<void> {
  if (!PICTURES) return
  for (const language of LANGUAGES)
    for (const width of [360, 1440]) {
      const { page, context } = await visit(browser, { language, width, height: 900 })
      await page.goto(`${server.url}/studio#token=${await server.adminToken()}`)
      await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor()
      await page.goto(url)
      await page.reload()
      await page.locator('.slate img').waitFor({ timeout: SOON_MS })
      await page.locator('.source[data-state=onAir]').waitFor({ timeout: SOON_MS })
      await page.screenshot({ path: path.join(PICTURES, `room-${width}-${language}.png`), fullPage: true })
      await context.close()
    }
}
