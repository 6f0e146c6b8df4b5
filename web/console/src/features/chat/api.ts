import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import type {
  Agent,
  AgentStatus,
  Box,
  CannedDraft,
  CannedReply,
  Conversation,
  ConversationDetail,
  Counts,
  Greeting,
  GreetingDraft,
  Group,
  GroupDraft,
  Message,
  NewMessage,
  Presence,
  Supervision,
  Upload,
} from './types'

const segment = encodeURIComponent
const at = (id: string) => `/chat/conversations/${segment(id)}`

export interface ListPlan {
  box: Box
  q?: string
  agentId?: string
  customerId?: string
  cursor?: string | null
  limit?: number
}

export function listConversations(plan: ListPlan, signal?: AbortSignal): Promise<Page<Conversation>> {
  return request('/chat/conversations', {
    query: {
      box: plan.box,
      q: plan.q || undefined,
      agent_id: plan.agentId,
      customer_id: plan.customerId,
      cursor: plan.cursor,
      limit: plan.limit,
    },
    signal,
  })
}

export const readCounts = () => request<Counts>('/chat/counts')
export const readConversation = (id: string) => request<ConversationDetail>(at(id))

export function listMessages(id: string, where: { before?: number; after?: number; limit?: number } = {}) {
  return request<Page<Message>>(`${at(id)}/messages`, { query: { limit: 50, ...where } })
}

/** The client id is the idempotency key too: however often it is sent, there is one message. */
export function sendMessage(id: string, message: NewMessage): Promise<Message> {
  return request(`${at(id)}/messages`, { method: 'POST', body: message, idempotencyKey: message.client_id })
}

export function retryMessage(id: string, messageId: string): Promise<Message> {
  return request(`${at(id)}/messages/${segment(messageId)}/retries`, { method: 'POST', body: {} })
}

export function uploadPicture(file: Blob, name: string): Promise<Upload> {
  const form = new FormData()
  form.append('file', file, name)
  return request('/chat/uploads', { method: 'POST', body: form, timeoutMs: 120_000 })
}

/** An act upon a conversation answers with what became of it. */
function act(id: string, noun: string, body: object = {}): Promise<Conversation> {
  return request(`${at(id)}/${noun}`, { method: 'POST', body })
}

export const pickUp = (id: string) => act(id, 'pickups')
export const assign = (id: string, agentId: string) => act(id, 'assignments', { agent_id: agentId })
export const transfer = (id: string, to: { agent_id?: string; group_id?: string; note: string }) =>
  act(id, 'transfers', to)
export const consult = (id: string, agentId: string, note: string) =>
  act(id, 'consultations', { agent_id: agentId, note })
export const close = (id: string, outcome: { category?: string; result?: string }) =>
  act(id, 'closures', outcome)
export const inviteRating = (id: string) => act(id, 'rating-invitations')
export const giveBack = (id: string) => act(id, 'returns')

export function endConsultation(id: string, agentId: string): Promise<Conversation> {
  return request(`${at(id)}/consultations/${segment(agentId)}`, { method: 'DELETE' })
}

export const markRead = (id: string, number: number) =>
  request<unknown>(`${at(id)}/reads`, { method: 'PUT', body: { number } })
export const saveDraft = (id: string, draft: { text: string; is_note: boolean; version: number }) =>
  request<{ version: number }>(`${at(id)}/drafts`, { method: 'PUT', body: draft })
/** `isReply`: what is typed is for the customer, whose phone may show that somebody writes. */
export const tellViewing = (id: string, isTyping: boolean, isReply: boolean) =>
  request<unknown>(`${at(id)}/viewers`, { method: 'PUT', body: { is_typing: isTyping, is_reply: isReply } })
export const listHistory = (id: string) => request<Page<Conversation>>(`${at(id)}/history`)

export const listAgents = () => request<Page<Agent>>('/chat/agents')
export const readPresence = () => request<Presence>('/chat/presences/current')
export const setPresence = (status: AgentStatus) =>
  request<Presence>('/chat/presences/current', {
    method: 'PUT',
    body: { status },
  })
export const beat = () => request<unknown>('/chat/presences/current/heartbeats', { method: 'PUT', body: {} })

export const listGroups = () => request<Page<Group>>('/chat/groups')
export const addGroup = (group: GroupDraft) => request<Group>('/chat/groups', { method: 'POST', body: group })
export const replaceGroup = (id: string, group: GroupDraft) =>
  request<Group>(`/chat/groups/${segment(id)}`, { method: 'PUT', body: group })
export const removeGroup = (id: string) =>
  request<unknown>(`/chat/groups/${segment(id)}`, { method: 'DELETE' })

export const listCanned = (q: string) =>
  request<Page<CannedReply>>('/chat/canned-replies', { query: { q: q || undefined } })
export const listRendered = (conversationId: string) =>
  request<Page<CannedReply>>('/chat/canned-replies/rendered', { query: { conversation_id: conversationId } })
export const addCanned = (reply: CannedDraft) =>
  request<CannedReply>('/chat/canned-replies', { method: 'POST', body: reply })
export const replaceCanned = (id: string, reply: CannedDraft) =>
  request<CannedReply>(`/chat/canned-replies/${segment(id)}`, { method: 'PUT', body: reply })
export const removeCanned = (id: string) =>
  request<unknown>(`/chat/canned-replies/${segment(id)}`, { method: 'DELETE' })

export const listGreetings = () => request<Page<Greeting>>('/chat/greetings')
export const replaceGreetings = (items: GreetingDraft[]) =>
  request<Page<Greeting>>('/chat/greetings', { method: 'PUT', body: { items } })

export const readSupervision = () => request<Supervision>('/chat/supervision')
