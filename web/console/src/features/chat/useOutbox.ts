import { shallowRef } from 'vue'
import type { QueryClient } from '@tanstack/vue-query'
import { newKey } from '@shared/api/request'
import { i18n } from '@shared/i18n/i18n'
import { wordsOf } from '@console/parts/errors'
import { sendMessage, uploadPicture } from './api'
import { keys } from './keys'
import { addOwn, type Log } from './logic/feed'
import { Outbox, type Outgoing } from './logic/outbox'

const STORED = 'guanjia.outbox'
const pictures = new Map<string, File>()
const items = shallowRef<readonly Outgoing[]>([])
let client: QueryClient | null = null

/** Texts, and pictures that are uploaded already, survive a reload; a picture's bytes do not. */
function restore(): Outgoing[] {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? '[]') as Outgoing[]
    return stored
      .filter((item) => item.kind === 'text' || item.file)
      .map((item) => ({ ...item, preview: '' }))
  } catch {
    return []
  }
}

export const outbox = new Outbox(
  {
    send: sendMessage,
    upload: async (clientId) => {
      const picture = pictures.get(clientId)
      if (!picture) throw new Error('picture is gone')
      return (await uploadPicture(picture, picture.name)).file
    },
    onSent: (message) => {
      client?.setQueryData<Log>(keys.log(message.conversation_id), (log) =>
        log ? addOwn(log, message) : log,
      )
    },
    onChange: (next) => {
      items.value = next
      sessionStorage.setItem(STORED, JSON.stringify(next))
    },
    explain: (error) => {
      const words = wordsOf(error, i18n.global.t)
      return [words.message, words.prompt].filter(Boolean).join(' ')
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, milliseconds)
        function done(): void {
          clearTimeout(timer)
          window.removeEventListener('online', done)
          resolve()
        }
        window.addEventListener('online', done)
      }),
    now: () => Date.now(),
  },
  restore(),
)
items.value = outbox.list()

/** Messages of this tab that the server has not confirmed yet. */
export function useOutbox() {
  return {
    items,
    start(queryClient: QueryClient): void {
      client = queryClient
      outbox.resume()
    },
    sendText(conversationId: string, text: string, isNote: boolean): void {
      outbox.add({ clientId: newKey(), conversationId, kind: 'text', text, isNote, preview: '', file: '' })
    },
    sendPicture(conversationId: string, picture: File, isNote: boolean): void {
      const clientId = newKey()
      pictures.set(clientId, picture)
      const preview = URL.createObjectURL(picture)
      outbox.add({ clientId, conversationId, kind: 'image', text: picture.name, isNote, preview, file: '' })
    },
    retry: (clientId: string) => outbox.retry(clientId),
    drop: (clientId: string) => outbox.drop(clientId),
  }
}
