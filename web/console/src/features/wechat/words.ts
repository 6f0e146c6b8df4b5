import type { Bundle } from '@shared/i18n/i18n'

export const words: Bundle = {
  'zh-CN': () => import('./locales/zh-CN.json'),
  en: () => import('./locales/en.json'),
}
