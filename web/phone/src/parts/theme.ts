import { ref } from 'vue'

/** Where the console keeps how this person likes it; the phones follow the same choice of light and dark. */
const STORED = 'guanjia.preferences'

type Theme = 'system' | 'light' | 'dark'

function readStored(): Record<string, unknown> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '{}') as Record<string, unknown>
  } catch {
    return {}
  }
}

const isDark = ref(false)

export function useTheme() {
  const system = window.matchMedia('(prefers-color-scheme: dark)')

  function apply(): void {
    const theme = (readStored().theme as Theme | undefined) ?? 'system'
    isDark.value = theme === 'dark' || (theme === 'system' && system.matches)
    document.documentElement.classList.toggle('dark', isDark.value)
  }

  return {
    isDark,
    /** Called once at start. */
    listen(): void {
      apply()
      system.addEventListener('change', apply)
      window.addEventListener('storage', (event) => {
        if (event.key === STORED) apply()
      })
    },
    toggle(): void {
      const theme: Theme = isDark.value ? 'light' : 'dark'
      localStorage.setItem(STORED, JSON.stringify({ ...readStored(), theme }))
      apply()
    },
  }
}
