import '@shared/tokens.css'
import './phone.css'
import { createApp, type Component } from 'vue'
import { i18n, startLanguage } from '@shared/i18n/i18n'
import { sharedWords } from '@shared/locales/words'
import { phoneWords } from './locales/words'
import { useTheme } from './parts/theme'

/** Starts one of the two pages of this folder. */
export async function start(page: Component): Promise<void> {
  useTheme().listen()
  await startLanguage([sharedWords, phoneWords])
  createApp(page).use(i18n).mount('#app')
}
