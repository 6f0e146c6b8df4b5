import { i18n } from '@shared/i18n/i18n'
import { toastDone, toastWarning } from './errors'

/** Puts a text on the clipboard and says so; on plain http from another host browsers offer none. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toastDone(i18n.global.t('action.copied'))
  } catch {
    toastWarning(text)
  }
}
