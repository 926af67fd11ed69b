/** The pages as everybody has to be able to use them: read aloud, in any language and theme, without a mouse. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AXE_SOURCE, findSerious } from '../support/axe.ts'
import { launchChromium } from '../support/chromium.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { focusOf, tabAround, tabTo } from '../support/keyboard.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { createRoom, LANGUAGES, openRoom, signIn, visit, WORDS, type Visit } from '../support/studio-visit.ts'

const SOON_MS = 60_000
const AT_ONCE_MS = 5000

/** Runs in the page: plays as a media key does, and resolves with what the button says when the event has gone round. */
const NAME_ONCE_IT_PLAYS = `new Promise((resolve) => {
  const video = document.querySelector('video')
  const button = document.querySelector('.controls button')
  const look = () => setTimeout(() => resolve(button.getAttribute('aria-label')))
  video.addEventListener('play', look, { once: true })
  void video.play()
})`

const KEEPS_TO_HTTP = `localStorage.setItem('headwater.preferences', '{"sharing":{"peers":false}}')`

/** Runs in the page: from now on, collects what the button says while a still stands for the video. */
const COLLECT_NAMES_OVER_A_STILL = `{
  globalThis.namesOverAStill = new Set()
  setInterval(() => {
    if (document.querySelector('.hw-stage canvas'))
      namesOverAStill.add(document.querySelector('.controls button').getAttribute('aria-label'))
  }, 20)
}`

let server: HeadwaterProcess
let browser: Browser
let room: MadeRoom
let publisher: Publisher | null = null
let open: Visit | null = null

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  browser = await launchChromium()
})

afterEach(async () => {
  await open?.context.close()
  open = null
})

afterAll(async () => {
  await browser?.close()
  await publisher?.close()
  await server?.close()
})

async function visitIn(language: (typeof LANGUAGES)[number]): Promise<Visit['page']> {
  open = await visit(browser, { language, script: AXE_SOURCE })
  return open.page
}

describe.each(LANGUAGES)('before there is a room, in %s', (language) => {
  it('has no serious finding signed out and at the first run', async () => {
    const page = await visitIn(language)
    await page.goto(`${server.url}/studio`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await findSerious(page)).toEqual([])
    await signIn(page, server)
    await page.getByRole('heading', { name: WORDS[language].firstRun }).waitFor()
    expect(await findSerious(page)).toEqual([])
  })
})

describe.each(LANGUAGES)('a room nobody publishes to, in %s', (language) => {
  it('has no serious finding with its key shown, nor on its watch page', async () => {
    const page = await visitIn(language)
    await signIn(page, server)
    await createRoom(page, language)
    await page.locator('.qr svg').waitFor()
    expect(await findSerious(page)).toEqual([])
    await page.goto((await page.locator('.watch-link a').getAttribute('href')) ?? '')
    await page.getByText(WORDS[language].notLive).first().waitFor()
    expect(await findSerious(page)).toEqual([])
  })
})

describe('without a mouse', () => {
  it('creates a room, copies what OBS needs, makes a new key and deletes the room', async () => {
    const page = await visitIn('en')
    await signIn(page, server)
    expect(await tabTo(page, 'Title of the stream')).toMatchObject({ isVisible: true, isOnScreen: true })
    await page.keyboard.type('By keyboard')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your room is ready' }).waitFor()

    for (const name of ['Server', 'Copy', 'Stream key'])
      expect(await tabTo(page, name, 2)).toMatchObject({ isVisible: true, isOnScreen: true })
    await tabTo(page, 'Show', 1)
    await page.keyboard.press('Space')
    expect(await page.getByLabel('Stream key').getAttribute('type')).toBe('text')
    await tabTo(page, 'Copy', 1)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copied' }).waitFor({ timeout: AT_ONCE_MS })
    await tabTo(page, 'I have it', 1)
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'Your room is ready' }).waitFor({ state: 'detached' })

    await tabTo(page, 'New key')
    await page.keyboard.press('Enter')
    expect(await focusOf(page)).toMatchObject({ name: 'Cancel', isVisible: true })
    await page.keyboard.press('Escape')
    expect(await focusOf(page)).toMatchObject({ name: 'New key' })
    await page.keyboard.press('Space')
    await tabTo(page, 'New key', 1)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'This is the new key' }).waitFor()
    expect(await tabTo(page, 'Server', 1)).toMatchObject({ isVisible: true, isOnScreen: true })

    await tabTo(page, 'Delete room')
    await page.keyboard.press('Space')
    await tabTo(page, 'Delete room', 1)
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'Rooms' }).waitFor()
    await page.getByText('By keyboard').waitFor({ state: 'detached' })
  })
})

describe('on air', () => {
  beforeAll(async () => {
    room = await server.createRoom('Mountain lake, live')
    publisher = publishFlashes({ url: server.publishUrl(room), size: '800x450' })
    await server.live(room.id)
  })

  it.each(LANGUAGES)('has no serious finding on the page of the room, in %s', async (language) => {
    const page = await visitIn(language)
    await openRoom(page, server, room.id)
    await page.locator('.health .facts').waitFor({ timeout: SOON_MS })
    expect(await findSerious(page)).toEqual([])
  })

  it.each(LANGUAGES)(
    'has no serious finding on the watch page, whichever panel is open, in %s',
    async (language) => {
      const words = WORDS[language]
      const page = await visitIn(language)
      await page.goto(`${server.url}/watch/${room.id}`)
      await page.locator('.hw-player[data-state=playing]').waitFor({ timeout: SOON_MS })
      for (const name of [words.settings, words.quality]) {
        // The note about sharing, which comes when the cascade is joined, has a way to the settings as well.
        await page.locator('.hw-player').getByRole('button', { name }).click()
        await page.locator('.panel').waitFor()
        expect(await findSerious(page)).toEqual([])
      }
      for (const key of ['i', '?']) {
        await page.keyboard.press(key)
        await page.locator(key === 'i' ? '.stats-panel' : '.help-panel').waitFor()
        expect(await findSerious(page)).toEqual([])
      }
    },
  )

  it('lets Tab around the watch page and the page of the room, and shows where it is', async () => {
    const page = await visitIn('en')
    await page.goto(`${server.url}/watch/${room.id}`)
    await page.locator('.hw-player[data-state=playing]').waitFor({ timeout: SOON_MS })
    // A player that has to start anew has other buttons until it plays.
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await page.keyboard.press('?')
    await page.locator('.help-panel').waitFor()
    const watch = await tabAround(page)
    const ofWatch = ['Live video player', 'Pause', 'Mute', 'Settings', 'Full screen', 'Close', 'Share']
    expect(missingOf(ofWatch, watch)).toEqual([])
    await tabTo(page, 'Close')
    await page.keyboard.press('Enter')
    expect(await focusOf(page)).toMatchObject({ name: 'Live video player', isVisible: true })
    await openRoom(page, server, room.id)
    await page.locator('.health .facts').waitFor({ timeout: SOON_MS })
    const studio = await tabAround(page)
    const ofStudio = ['All rooms', 'Link for viewers', 'Copy', 'Open', 'End stream', 'New key']
    expect(missingOf(ofStudio, studio)).toEqual([])
    expect([...watch, ...studio].filter(({ isVisible }) => !isVisible)).toEqual([])
  })

  it('offers to pause as soon as it plays, whatever made it play', async () => {
    const page = await visitIn('en')
    await page.goto(`${server.url}/watch/${room.id}`)
    await page.getByRole('button', { name: 'Pause' }).waitFor({ timeout: SOON_MS })
    const names: unknown[] = []
    for (let turn = 0; turn < 5; turn++) {
      await page.keyboard.press('k')
      await page.getByRole('button', { name: 'Play' }).waitFor()
      names.push(await page.evaluate(NAME_ONCE_IT_PLAYS))
    }
    expect(names).toEqual(names.map(() => 'Pause'))
  })

  it('does not offer to play while it tries again by itself', async () => {
    const page = await visitIn('en')
    await page.addInitScript(KEEPS_TO_HTTP)
    await page.goto(`${server.url}/watch/${room.id}`)
    await page.getByRole('button', { name: 'Pause' }).waitFor({ timeout: SOON_MS })
    await page.evaluate(COLLECT_NAMES_OVER_A_STILL)
    // A part that is missing is looked for in the playlist, and that cannot be read.
    await page.route(/\.m4s/, (route) => route.fulfill({ status: 404 }))
    await page.route(/\/index\.m3u8/, (route) => route.fulfill({ body: 'no playlist' }))
    await page.locator('.hw-stage canvas').waitFor({ timeout: SOON_MS })
    await page.unrouteAll({ behavior: 'wait' })
    await page.locator('.hw-stage canvas').waitFor({ state: 'detached', timeout: SOON_MS })
    expect(await page.evaluate('[...namesOverAStill]')).toEqual(['Pause'])
  })

  it('ends the stream without a mouse, and only when asked twice', async () => {
    const page = await visitIn('en')
    await openRoom(page, server, room.id)
    await page.locator('.health .facts').waitFor({ timeout: SOON_MS })
    await tabTo(page, 'End stream')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    expect(await focusOf(page)).toMatchObject({ name: 'End stream' })
    expect((await server.room(room.id)).state).toBe('live')
    await page.keyboard.press('Space')
    await tabTo(page, 'End stream', 1)
    await page.keyboard.press('Enter')
    await page.getByText('The stream has ended', { exact: true }).waitFor({ timeout: SOON_MS })
  })
})

function missingOf(names: readonly string[], places: readonly { name: string }[]): string[] {
  return names.filter((wanted) => !places.some(({ name }) => name === wanted))
}
