/** Which wish a key stands for. */

export type PlayerKey =
  | 'toggle'
  | 'mute'
  | 'fullscreen'
  | 'pip'
  | 'live'
  | 'stats'
  | 'help'
  | 'back'
  | 'forward'
  | 'louder'
  | 'quieter'
  | 'close'

const KEYS: Readonly<Record<string, PlayerKey>> = {
  ' ': 'toggle',
  k: 'toggle',
  m: 'mute',
  f: 'fullscreen',
  p: 'pip',
  l: 'live',
  i: 'stats',
  '?': 'help',
  arrowleft: 'back',
  arrowright: 'forward',
  arrowup: 'louder',
  arrowdown: 'quieter',
  escape: 'close',
}

interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  target: EventTarget | null
}

/** Null for keys that belong to somebody else: the browser, a text field, a button that space presses. */
export function playerKey(press: KeyPress): PlayerKey | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null
  const wish = KEYS[press.key.toLowerCase()] ?? null
  const tag = press.target instanceof HTMLElement ? press.target : null
  if (!tag || wish === null || wish === 'close') return wish
  const isText = tag instanceof HTMLTextAreaElement || (tag instanceof HTMLInputElement && !isPointed(tag))
  if (isText || tag.isContentEditable) return null
  const isArrow = press.key.startsWith('Arrow')
  if (tag instanceof HTMLInputElement && isArrow) return null
  const isPressedBySpace =
    tag instanceof HTMLButtonElement || tag instanceof HTMLInputElement || tag.tagName === 'A'
  return press.key === ' ' && isPressedBySpace ? null : wish
}

function isPointed({ type }: HTMLInputElement): boolean {
  return type === 'range' || type === 'radio' || type === 'checkbox'
}
