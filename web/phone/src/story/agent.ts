import { newKey, request } from '@shared/api/request'
import type { Page } from '@shared/api/envelope'
import type { Act } from '../api/types'
import type { ServedStep } from './paths'

/** As much of a conversation as the story needs. */
export interface Conversation {
  id: string
  openid: string
  state: string
  agent_id: string
}

const ROOT = '/chat/conversations'

async function findIn(box: string, openid: string): Promise<Conversation | undefined> {
  const page = await request<Page<Conversation>>(ROOT, { query: { box, limit: 50 } })
  return page.items.find((one) => one.openid === openid && one.state !== 'closed')
}

/** The agent of the story: what the console's own buttons ask for, asked for by his own session. */
export const agent = {
  /** The open conversation with the customer; undefined as long as there is none. */
  async find(openid: string): Promise<Conversation | undefined> {
    return (await findIn('mine', openid)) ?? (await findIn('queue', openid)) ?? (await findIn('all', openid))
  },

  setStatus: (status: string) => request('/chat/presences/current', { method: 'PUT', body: { status } }),

  pickUp: (id: string) => request<Conversation>(`${ROOT}/${id}/pickups`, { method: 'POST', body: {} }),

  showTyping: (id: string, isTyping: boolean) =>
    request(`${ROOT}/${id}/viewers`, { method: 'PUT', body: { is_typing: isTyping, is_reply: isTyping } }),

  write: (id: string, text: string, isNote: boolean) =>
    request(`${ROOT}/${id}/messages`, {
      method: 'POST',
      idempotencyKey: newKey(),
      body: { client_id: newKey(), kind: 'text', content: { content: text }, is_note: isNote },
    }),

  inviteRating: (id: string) => request(`${ROOT}/${id}/rating-invitations`, { method: 'POST', body: {} }),

  close: (id: string, act: Pick<Act, 'category' | 'result'>) =>
    request(`${ROOT}/${id}/closures`, {
      method: 'POST',
      body: { category: act.category, result: act.result },
    }),

  status: () => request<{ status: string }>('/chat/presences/current').then((presence) => presence.status),

  /** When each step of a message's way was taken, as each service noted it; what one can't tell is left out. */
  async path(sources: [service: string, id: string][]): Promise<ServedStep[]> {
    const reads = sources.map(([service, id]) =>
      request<Page<ServedStep>>(`/${service}/message-paths/${encodeURIComponent(id)}`),
    )
    const answers = await Promise.allSettled(reads)
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.items : []))
  },
}
