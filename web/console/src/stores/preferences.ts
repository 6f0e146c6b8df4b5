import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

export type Theme = 'system' | 'light' | 'dark'

interface Stored {
  theme: Theme
  isCompact: boolean
  isSoundOn: boolean
  areKeysOn: boolean
}

const NAME = 'guanjia.preferences'
const FIRST: Stored = { theme: 'system', isCompact: false, isSoundOn: true, areKeysOn: true }

function read(): Stored {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(NAME) ?? '{}') as Partial<Stored>) }
  } catch {
    return FIRST
  }
}

/** How this person likes the console on this machine. */
export const usePreferences = defineStore('preferences', () => {
  const stored = read()
  const theme = ref(stored.theme)
  const isCompact = ref(stored.isCompact)
  const isSoundOn = ref(stored.isSoundOn)
  const areKeysOn = ref(stored.areKeysOn)
  const system = window.matchMedia('(prefers-color-scheme: dark)')

  function apply(): void {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && system.matches)
    document.documentElement.classList.toggle('dark', isDark)
    document.documentElement.classList.toggle('compact', isCompact.value)
  }

  system.addEventListener('change', apply)
  watch([theme, isCompact, isSoundOn, areKeysOn], () => {
    apply()
    const now: Stored = {
      theme: theme.value,
      isCompact: isCompact.value,
      isSoundOn: isSoundOn.value,
      areKeysOn: areKeysOn.value,
    }
    localStorage.setItem(NAME, JSON.stringify(now))
  })

  return { theme, isCompact, isSoundOn, areKeysOn, apply }
})
