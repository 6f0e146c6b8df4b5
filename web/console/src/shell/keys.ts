import { onBeforeUnmount, onMounted } from 'vue'
import { usePreferences } from '../stores/preferences'

export interface Shortcut {
  /** `ctrl+k`, `alt+arrowdown`, `?`; ctrl stands for the command key too. */
  key: string
  run: (event: KeyboardEvent) => void
  /** Works while somebody types. */
  whileTyping?: boolean
}

/** The name of a pressed key, as shortcuts are written. */
export function keyOf(event: KeyboardEvent): string {
  const parts = []
  if (event.ctrlKey || event.metaKey) parts.push('ctrl')
  if (event.altKey) parts.push('alt')
  if (event.shiftKey && event.key.length > 1) parts.push('shift')
  // On a Mac, Alt changes the letter; the code tells which key it was.
  const letter = event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key
  parts.push(letter.toLowerCase())
  return parts.join('+')
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"][aria-modal="true"]:not([style*="display: none"])') !== null
}

/** Keys of a page, as long as it is shown; silent while typing, in dialogs, and when switched off. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const preferences = usePreferences()
  function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || !preferences.areKeysOn) return
    const key = keyOf(event)
    const shortcut = shortcuts.find((one) => one.key === key)
    if (!shortcut || isDialogOpen()) return
    if (isTyping(event.target) && !shortcut.whileTyping) return
    event.preventDefault()
    shortcut.run(event)
  }
  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => window.removeEventListener('keydown', press))
}
