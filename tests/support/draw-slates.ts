/**
 * Draws the built-in slates, `npx tsx tests/support/draw-slates.ts`: one picture a language, into origin/slate/assets. The text is part of the
 * picture, because servers have no fonts; this machine needs one for Chinese (Debian: fonts-noto-cjk).
 */
import { writeFile } from 'node:fs/promises'
import { launchChromium } from './chromium.ts'

const WORDS = {
  en: { lead: 'The streamer will be back soon', more: 'The stream goes on by itself. No need to reload.' },
  'zh-CN': { lead: '主播暂时离开，马上回来', more: '直播会自动继续，无需刷新页面' },
} as const

const WIDTH = 1280
const HEIGHT = 720

const browser = await launchChromium()
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } })
  for (const [language, words] of Object.entries(WORDS)) {
    await page.setContent(pageOf(language, words))
    await page.evaluate('document.fonts.ready')
    const picture = await page.screenshot({ type: 'png' })
    await writeFile(new URL(`../../origin/slate/assets/${language}.png`, import.meta.url), picture)
    console.log(`${language}: ${picture.length} bytes`)
  }
} finally {
  await browser.close()
}

function pageOf(language: string, { lead, more }: { lead: string; more: string }): string {
  return `<!doctype html><html lang="${language}"><style>
    body { margin: 0; width: ${WIDTH}px; height: ${HEIGHT}px; overflow: hidden; position: relative; background: #0d1417; color: #f4fbfc;
      font-family: 'Noto Sans CJK SC', sans-serif; }
    main { position: absolute; inset: 0 0 90px; display: grid; place-content: center; justify-items: center; text-align: center; }
    h1 { margin: 44px 0 0; font-size: ${language === 'en' ? 68 : 76}px; font-weight: 700; letter-spacing: ${language === 'en' ? '-0.015em' : '0.02em'}; }
    p { margin: 22px 0 0; font-size: ${language === 'en' ? 34 : 36}px; color: #a9bcc3; }
    .mark { width: 112px; height: 112px; }
    .water { position: absolute; left: 0; bottom: 0; width: 100%; height: 190px; }
  </style>
  <svg class="water" viewBox="0 0 1280 190" preserveAspectRatio="none" fill="none">
    <path d="M0 74c107 0 107-46 213-46s107 46 214 46 106-46 213-46 107 46 213 46 107-46 214-46 106 46 213 46v116H0z" fill="#10212a"/>
    <path d="M0 116c107 0 107-40 213-40s107 40 214 40 106-40 213-40 107 40 213 40 107-40 214-40 106 40 213 40v74H0z" fill="#0e3640"/>
    <path d="M0 152c107 0 107-34 213-34s107 34 214 34 106-34 213-34 107 34 213 34 107-34 214-34 106 34 213 34v38H0z" fill="#0b5566"/>
  </svg>
  <main>
    <svg class="mark" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b7285"/>
      <path d="M6 20c3.5 0 3.5-3 7-3s3.5 3 7 3 3.5-3 6-3M6 25c3.5 0 3.5-3 7-3s3.5 3 7 3 3.5-3 6-3" fill="none" stroke="#c5f6fa" stroke-width="2.6" stroke-linecap="round"/>
      <path d="M16 4l5 8.5h-10z" fill="#fff"/></svg>
    <h1>${lead}</h1>
    <p>${more}</p>
  </main></html>`
}
