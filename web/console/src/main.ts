import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import '@shared/tokens.css'
import './element.css'
import { createPinia } from 'pinia'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { ApiError } from '@shared/api/envelope'
import { i18n, startLanguage } from '@shared/i18n/i18n'
import { sharedWords } from '@shared/locales/words'
import App from './App.vue'
import { consoleWords } from './locales/words'
import { router } from './router'
import { usePreferences } from './stores/preferences'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream keeps what is on screen true; nothing is read again merely because time passed.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: 'always',
      retry: (failures, error) => error instanceof ApiError && error.isTransient && failures < 2,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

async function start(): Promise<void> {
  const app = createApp(App)
  app.use(createPinia())
  usePreferences().apply()
  await startLanguage([sharedWords, consoleWords])
  app.use(i18n)
  app.use(VueQueryPlugin, { queryClient })
  app.use(router)
  app.mount('#app')
}

void start()
