import { onBeforeUnmount } from 'vue'

/** The console focuses its composer this long after a conversation was opened, at the latest. */
const LATE_MS = 2000

/** Brings the focus back to a button that was pressed by keyboard, when the frame beside takes it. */
export function useKeptFocus() {
  let kept: HTMLElement | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function onBlur(): void {
    setTimeout(() => {
      if (kept && document.activeElement instanceof HTMLIFrameElement) kept.focus()
    })
  }

  function free(): void {
    clearTimeout(timer)
    kept = null
  }

  window.addEventListener('blur', onBlur)
  onBeforeUnmount(() => {
    free()
    window.removeEventListener('blur', onBlur)
  })

  return {
    async during(event: Event, deed: () => Promise<unknown>): Promise<void> {
      free()
      // A mouse has no place to come back to.
      if (event instanceof UIEvent && event.detail === 0) kept = event.currentTarget as HTMLElement
      await deed()
      timer = setTimeout(free, LATE_MS)
    },
  }
}
