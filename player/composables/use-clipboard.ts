/** Copies text, and says for a moment that it did. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

const SHOWN_MS = 2000

export function useClipboard(): { isCopied: ShallowRef<boolean>; copy: (text: string) => Promise<void> } {
  const isCopied = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | null = null
  const copy = async (text: string): Promise<void> => {
    isCopied.value = (await writeText(text)) || isCopied.value
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => (isCopied.value = false), SHOWN_MS)
  }
  onScopeDispose(() => timer !== null && clearTimeout(timer))
  return { isCopied, copy }
}

async function writeText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

/** Pages without TLS have no clipboard interface. */
function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'visually-hidden'
  document.body.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  return isCopied
}
