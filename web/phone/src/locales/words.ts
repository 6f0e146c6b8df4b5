import type { Bundle } from '@shared/i18n/i18n'

export const phoneWords: Bundle = {
  'zh-CN': () => import('./zh-CN.json'),
  en: () => import('./en.json'),
}
