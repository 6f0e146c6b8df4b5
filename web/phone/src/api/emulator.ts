import { request, type Call } from '@shared/api/request'
import type { Page } from '@shared/api/envelope'
import type {
  Account,
  ChatScreen,
  Clock,
  Faults,
  Message,
  Phone,
  Push,
  QrCode,
  Screen,
  Story,
  StoryHead,
} from './types'

const ROOT = '/emulator'

/** The emulator is public: it runs only in a demo, and its people have no sign-in. */
function ask<T>(path: string, call: Call = {}): Promise<T> {
  return request<T>(`${ROOT}${path}`, { ...call, isPublic: true })
}

function items<T>(path: string, query?: Call['query']): Promise<T[]> {
  return ask<Page<T>>(path, { query }).then((page) => page.items)
}

const MOST_PAGES = 20

/** Every page of a list, one after the other. */
async function allItems<T>(path: string): Promise<T[]> {
  const all: T[] = []
  let cursor: string | null | undefined
  for (let page = 0; page < MOST_PAGES && cursor !== null; page++) {
    const answer: Page<T> = await ask<Page<T>>(path, { query: { cursor } })
    all.push(...answer.items)
    cursor = answer.next
  }
  return all
}

const of = (phoneId: string) => `/phones/${encodeURIComponent(phoneId)}`

export interface Draft {
  appid: string
  client_id: string
  kind: string
  content: Record<string, unknown>
  media_id?: string
}

export interface Upload {
  media_id: string
  url: string
  format: string
}

export const emulator = {
  accounts: () => items<Account>('/accounts'),
  phones: () => allItems<Phone>('/phones'),
  addPhone: (name: string, isStory = false) =>
    ask<Phone>('/phones', { method: 'POST', body: { name, is_story: isStory } }),
  screen: (phoneId: string) => ask<Screen>(`${of(phoneId)}/screen`),
  chatScreen: (phoneId: string, appid: string, before?: number) =>
    ask<ChatScreen>(`${of(phoneId)}/screen`, { query: { appid, before } }),
  follow: (phoneId: string, appid: string, scene?: string) =>
    ask(`${of(phoneId)}/follows`, { method: 'POST', body: { appid, scene } }),
  unfollow: (phoneId: string, appid: string) =>
    ask(`${of(phoneId)}/follows/${encodeURIComponent(appid)}`, { method: 'DELETE' }),
  send: (phoneId: string, draft: Draft) =>
    ask<Message>(`${of(phoneId)}/messages`, { method: 'POST', body: draft }),
  upload(phoneId: string, file: Blob, name: string): Promise<Upload> {
    const form = new FormData()
    form.append('file', file, name)
    return ask<Upload>(`${of(phoneId)}/media`, { method: 'POST', body: form, timeoutMs: 60_000 })
  },
  tapMenu: (phoneId: string, appid: string, key: string, type: string) =>
    ask<{ url?: string }>(`${of(phoneId)}/taps`, { method: 'POST', body: { appid, key, type } }),
  tapItem: (phoneId: string, appid: string, messageId: string, itemId: string) =>
    ask<{ url?: string }>(`${of(phoneId)}/taps`, {
      method: 'POST',
      body: { appid, message_id: messageId, item_id: itemId },
    }),
  scanTicket: (phoneId: string, ticket: string) =>
    ask<{ appid: string }>(`${of(phoneId)}/scans`, { method: 'POST', body: { ticket } }),
  scanScene: (phoneId: string, appid: string, scene: string) =>
    ask<{ appid: string }>(`${of(phoneId)}/scans`, { method: 'POST', body: { appid, scene } }),
  qrCodes: () => items<QrCode>('/qrcodes'),
  visit: (phoneId: string, appid: string) =>
    ask(`${of(phoneId)}/visits`, { method: 'POST', body: { appid } }),
  read: (phoneId: string, appid: string) => ask(`${of(phoneId)}/reads`, { method: 'PUT', body: { appid } }),
  clock: () => ask<Clock>('/clock'),
  forward: (seconds: number) => ask<Clock>('/clock', { method: 'PUT', body: { advance_seconds: seconds } }),
  pushes: (appid: string | undefined, openid: string | undefined) =>
    items<Push>('/pushes', { appid, openid }),
  faults: () => ask<Faults>('/faults'),
  setFaults: (change: Partial<Faults>) => ask<Faults>('/faults', { method: 'PUT', body: change }),
  stories: () => items<StoryHead>('/stories'),
  story: (key: string) => ask<Story>(`/stories/${encodeURIComponent(key)}`),
  storySession: () => ask<{ login: string; password: string }>('/story-session'),
}
