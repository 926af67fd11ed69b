/** Full screen of an element and picture-in-picture of its video, with what browsers lack left out. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

export interface ScreenModes {
  isFullscreen: ShallowRef<boolean>
  isPip: ShallowRef<boolean>
  canPip: boolean
  toggleFullscreen: () => void
  togglePip: () => void
}

interface OldVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void
}

export function useScreenModes(
  root: Readonly<ShallowRef<HTMLElement | null>>,
  video: () => HTMLVideoElement | null,
): ScreenModes {
  const isFullscreen = shallowRef(false)
  const isPip = shallowRef(false)
  const gone = new AbortController()
  const look = (): void => {
    isFullscreen.value = document.fullscreenElement !== null && document.fullscreenElement === root.value
    isPip.value = video() !== null && document.pictureInPictureElement === video()
  }
  for (const name of ['fullscreenchange', 'enterpictureinpicture', 'leavepictureinpicture'])
    document.addEventListener(name, look, { signal: gone.signal, capture: true })
  onScopeDispose(() => gone.abort())

  const quietly = (promise: Promise<unknown> | undefined): void => void promise?.catch(() => undefined)
  const toggleFullscreen = (): void => {
    if (document.fullscreenElement) return quietly(document.exitFullscreen())
    if (root.value?.requestFullscreen) return quietly(root.value.requestFullscreen())
    // iPhones show only the video itself in full screen
    const element: OldVideo | null = video()
    element?.webkitEnterFullscreen?.()
  }
  const togglePip = (): void => {
    if (document.pictureInPictureElement) return quietly(document.exitPictureInPicture())
    quietly(video()?.requestPictureInPicture?.())
  }
  return {
    isFullscreen,
    isPip,
    canPip: document.pictureInPictureEnabled === true,
    toggleFullscreen,
    togglePip,
  }
}
