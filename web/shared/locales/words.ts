import type { Bundle } from '../i18n/i18n'

export const sharedWords: Bundle = {
  'zh-CN': () => import('./zh-CN.json'),
  en: () => import('./en.json'),
}
