/** The token the studio works with: taken from the address's fragment, kept in this browser, forgotten at sign-out. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { ApiError, StudioApi } from '../room/studio-api.ts'

const KEY = 'headwater.token'

export interface SignIn {
  /** null: not signed in */
  api: ShallowRef<StudioApi | null>
  token: ShallowRef<string | null>
  isBusy: ShallowRef<boolean>
  /** why it failed: the token, or the server */
  failure: ShallowRef<'token' | 'server' | null>
  signIn: (token: string) => Promise<void>
  signOut: () => void
}

/** The token of a sign-in link. It is taken out of the address, so that nobody copies it along. */
export function takeTokenFromAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token === '' ? null : token
}

export function useSignIn(): SignIn {
  const api = shallowRef<StudioApi | null>(null)
  const token = shallowRef<string | null>(null)
  const isBusy = shallowRef(false)
  const failure = shallowRef<'token' | 'server' | null>(null)

  async function signIn(candidate: string): Promise<void> {
    const trial = new StudioApi({ baseUrl: location.origin, token: candidate })
    isBusy.value = true
    failure.value = null
    try {
      await trial.checkToken()
      keep(candidate)
      token.value = candidate
      api.value = trial
    } catch (error) {
      const isToken = error instanceof ApiError && (error.status === 401 || error.status === 403)
      failure.value = isToken ? 'token' : 'server'
      if (isToken) keep(null)
    } finally {
      isBusy.value = false
    }
  }

  function signOut(): void {
    keep(null)
    token.value = null
    api.value = null
  }

  const known = takeTokenFromAddress() ?? kept()
  if (known) void signIn(known)

  // A sign-in link opened where the studio is open already loads no page anew.
  const gone = new AbortController()
  const onLink = (): void => {
    const linked = takeTokenFromAddress()
    if (linked) void signIn(linked)
  }
  window.addEventListener('hashchange', onLink, { signal: gone.signal })
  onScopeDispose(() => gone.abort())
  return { api, token, isBusy, failure, signIn, signOut }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function keep(token: string | null): void {
  try {
    if (token === null) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, token)
  } catch {
    // signed in until the page is left
  }
}
