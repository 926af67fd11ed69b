/** The studio in the real browser: from the sign-in link to a live preview, and what is done with a room. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const SOON_MS = 60_000

let server: HeadwaterProcess
let browser: Browser
let context: BrowserContext
let page: Page
const complaints: string[] = []
const publishers: Publisher[] = []

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  browser = await launchChromium()
})

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1000, height: 800 }, locale: 'en-US' })
  page = await context.newPage()
  complaints.length = 0
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text())
  })
})

afterEach(async () => {
  expect(complaints).toEqual([])
  await context.close()
  for (const publisher of publishers.splice(0)) await publisher.close()
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

async function signIn(): Promise<void> {
  await page.goto(`${server.url}/studio#token=${await server.adminToken()}`)
  await page.getByRole('heading', { name: 'Rooms' }).waitFor()
}

async function createRoom(title: string): Promise<{ streamUrl: string; key: string }> {
  await page.getByLabel('Title of the stream').fill(title)
  await page.getByRole('button', { name: 'Create room' }).click()
  await page.getByRole('heading', { name: 'Your room is ready' }).waitFor()
  return {
    streamUrl: await page.getByLabel('Server').inputValue(),
    key: await page.getByLabel('Stream key').inputValue(),
  }
}

async function confirm(label: string): Promise<void> {
  await page.getByRole('button', { name: label, exact: true }).click()
  await page.getByRole('dialog', { name: label }).getByRole('button', { name: label }).click()
}

describe('the studio', () => {
  it('lets nobody in without the token', async () => {
    await page.goto(`${server.url}/studio`)
    await page.getByLabel('Admin token').fill('a guess')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This token is not accepted.').waitFor()
  })

  it('takes the token out of the address and keeps the visitor signed in', async () => {
    await signIn()
    expect(page.url()).toBe(`${server.url}/studio`)
    await page.reload()
    await page.getByRole('heading', { name: 'Rooms' }).waitFor()
  })

  it('shows the key of a new room once', async () => {
    await signIn()
    const { key } = await createRoom('Once')
    expect(key).toMatch(/^[a-z0-9]{10}_.{16,}$/)
    await page.reload()
    await page.getByRole('heading', { name: 'Once' }).waitFor()
    expect(await page.getByLabel('Stream key').count()).toBe(0)
    expect(await page.content()).not.toContain(key)
  })

  it('shows what is published with that key: picture, facts, and the room as live', async () => {
    await signIn()
    const { streamUrl, key } = await createRoom('On air')
    publishers.push(publishFlashes({ url: `${streamUrl}/${key}` }))
    await page.getByText('H.264 640×360').waitFor({ timeout: SOON_MS })
    const time = (): Promise<number> =>
      page.locator('video').evaluate((video) => (video as HTMLVideoElement).currentTime)
    await eventually(async () => (await page.locator('video').count()) > 0 && (await time()) > 0, SOON_MS)
    const before = await time()
    await eventually(async () => (await time()) > before + 1, SOON_MS)
    await page.getByText('Live', { exact: true }).first().waitFor()
    await confirm('End stream')
    await page.getByText('The stream has ended', { exact: true }).waitFor({ timeout: SOON_MS })
  })

  it('makes a new key that works in place of the old one', async () => {
    await signIn()
    const { streamUrl, key } = await createRoom('Rotated')
    await confirm('New key')
    await page.getByRole('heading', { name: 'This is the new key' }).waitFor()
    // The heading and the key come in two steps on a busy machine.
    await eventually(async () => (await page.getByLabel('Stream key').inputValue()) !== key)
    const rotated = await page.getByLabel('Stream key').inputValue()
    const refused = publishFlashes({ url: `${streamUrl}/${key}` })
    expect(await refused.exited).not.toBe(0)
    publishers.push(publishFlashes({ url: `${streamUrl}/${rotated}` }))
    await page.getByText('Live', { exact: true }).first().waitFor({ timeout: SOON_MS })
  })

  it('deletes a room only when asked twice', async () => {
    await signIn()
    await createRoom('Short-lived')
    await page.getByRole('button', { name: 'Delete room' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'Short-lived' }).waitFor()
    await confirm('Delete room')
    await page.getByRole('heading', { name: 'Rooms' }).waitFor()
    await page.getByText('Short-lived').waitFor({ state: 'detached' })
  })

  it('writes titles as text, whatever is in them', async () => {
    await signIn()
    let dialogs = 0
    page.on('dialog', (dialog) => {
      dialogs++
      void dialog.dismiss()
    })
    const title = '<img src=x onerror=alert(1)>'
    await createRoom(title)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(title)
    await page.getByRole('button', { name: 'I have it' }).click()
    // The page has pictures of its own: what counts is what the title would have made of itself.
    await page.locator('.slate img').waitFor()
    expect(await page.locator('img[src="x"], [onerror]').count()).toBe(0)
    expect(dialogs).toBe(0)
  })
})
