/** Visits of the pages in a language, a theme and a size, and the few steps that lead to what there is to see. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { HeadwaterProcess } from './headwater-process.ts'

export const LANGUAGES = ['en', 'zh-CN'] as const
export const THEMES = ['dark', 'light'] as const

export interface VisitOptions {
  language: (typeof LANGUAGES)[number]
  theme?: (typeof THEMES)[number]
  width?: number
  height?: number
  /** Run before the scripts of every page, whatever its policy. */
  script?: string
}

export interface Visit {
  page: Page
  context: BrowserContext
}

/** What a test clicks, by language. */
export const WORDS = {
  en: {
    title: 'Title of the stream',
    create: 'Create room',
    created: 'Your room is ready',
    remove: 'Delete room',
    back: 'All rooms',
    firstRun: 'No room yet',
    notLive: 'Not live yet',
    quality: /^Quality/,
    settings: 'Settings',
  },
  'zh-CN': {
    title: '直播标题',
    create: '创建直播间',
    created: '直播间已就绪',
    remove: '删除直播间',
    back: '所有直播间',
    firstRun: '还没有直播间',
    notLive: '直播尚未开始',
    quality: /^清晰度/,
    settings: '设置',
  },
} as const

export async function visit(browser: Browser, options: VisitOptions): Promise<Visit> {
  const { language, theme = 'dark', width = 1280, height = 900, script } = options
  const context = await browser.newContext({
    viewport: { width, height },
    locale: language === 'en' ? 'en-US' : language,
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  if (script) await context.addInitScript(script)
  return { page: await context.newPage(), context }
}

export async function signIn(page: Page, server: HeadwaterProcess): Promise<void> {
  await page.goto(`${server.url}/studio#token=${await server.adminToken()}`)
  await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor()
}

/** Ends on the page of the new room, with its key shown. */
export async function createRoom(page: Page, language: VisitOptions['language']): Promise<void> {
  const words = WORDS[language]
  await page.getByLabel(words.title).fill('Mountain lake, live')
  await page.getByRole('button', { name: words.create }).click()
  await page.getByRole('heading', { name: words.created }).waitFor()
}

export async function openRoom(page: Page, server: HeadwaterProcess, roomId: string): Promise<void> {
  await page.goto(`${server.url}/studio#token=${await server.adminToken()}`)
  await page.getByRole('button', { name: roomId }).click()
}
