import { ApiError } from '@shared/api/envelope'
import { i18n } from '@shared/i18n/i18n'
import { toast } from './toasts'

type Translate = (key: string, named?: Record<string, unknown>) => string

export interface ErrorWords {
  message: string
  prompt: string
  requestId: string
}

/** What a person reads of an error: the server's own sentence, or ours when no answer came. */
export function wordsOf(error: unknown, t: Translate): ErrorWords {
  if (!(error instanceof ApiError)) return { message: t('error.unexpected'), prompt: '', requestId: '' }
  if (error.status === 0) {
    return { message: t('error.unreachable'), prompt: t('error.unreachable_hint'), requestId: '' }
  }
  const isPlain = error.message === error.error
  return {
    message: isPlain ? t('error.status', { status: error.status }) : error.message,
    prompt: error.prompt,
    requestId: error.request_id,
  }
}

/** Shows an error briefly, where the page itself has no place for it. */
export function toastError(error: unknown): void {
  const words = wordsOf(error, i18n.global.t as Translate)
  const tail =
    words.requestId && !(error instanceof ApiError && error.status < 500) ? ` (${words.requestId})` : ''
  toast('error', [words.message, words.prompt].filter(Boolean).join(' ') + tail)
}

export function toastDone(message: string): void {
  toast('done', message)
}

/** Server sentences of wrong fields, for the places beneath the fields. */
export function fieldsOf(error: unknown): Record<string, string> {
  return error instanceof ApiError ? error.fields : {}
}

export function toastWarning(message: string): void {
  toast('warning', message)
}
