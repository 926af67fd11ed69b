/** A link to a private room carries its token behind the #: it is traded for a cookie, and taken out of the address. */

export interface LinkPage {
  /** of the address, with its # */
  hash: string
  fetch: typeof fetch
  /** the token has done its work: nobody is to copy it out of the address */
  forget: () => void
}

const TOKEN_LINK = /^#token=([A-Za-z0-9._-]{1,256})$/

export function hasTokenLink(hash: string): boolean {
  return TOKEN_LINK.test(hash)
}

/** Resolves when the room may be asked for. What the server does not take, it will refuse with a reason when it is asked. */
export async function openViewerSession(roomId: string, page: LinkPage): Promise<void> {
  const token = TOKEN_LINK.exec(page.hash)?.[1]
  if (token === undefined) return
  try {
    await page.fetch(`/api/v1/live/${encodeURIComponent(roomId)}/viewer-session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      cache: 'no-store',
    })
    page.forget()
  } catch {
    // the address keeps it for another try
  }
}
