import { onBeforeUnmount } from 'vue'
import { useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/vue-query'
import type { Page } from '@shared/api/envelope'
import type { StreamEvent } from '@shared/stream/event'
import { liveStream } from '@shared/stream/stream'
import { useStaff } from '@console/stores/session'
import { keys } from './keys'
import { applyToLog, applyToPages, type Log } from './logic/feed'
import { outbox } from './useOutbox'
import type { Agent, Box, Conversation, ConversationDetail, Message, Supervision, Viewer } from './types'

const SETTLE_MS = 400

/** Puts a conversation as an act or an event showed it wherever it stands; an older version changes nothing. */
export function putConversation(client: QueryClient, me: string, conversation: Conversation): void {
  const event = { id: '', service: 'chat', name: 'conversation_changed', data: { conversation } }
  applyEvent(client, me, event)
}

function applyEvent(client: QueryClient, me: string, event: StreamEvent): void {
  for (const query of client.getQueryCache().findAll({ queryKey: keys.lists })) {
    const [, , box, q] = query.queryKey as readonly [string, string, Box, string]
    client.setQueryData<InfiniteData<Page<Conversation>>>(query.queryKey, (data) => {
      if (!data) return data
      const pages = applyToPages(data.pages, event, { box, me, q })
      return pages === data.pages ? data : { ...data, pages }
    })
  }
  if (event.name === 'conversation_changed') applyToDetail(client, event.data.conversation as Conversation)
  if (event.name === 'conversation_removed') {
    // Out of the person's own hands, but perhaps still seen through an organisation: the server knows.
    void client.invalidateQueries({
      queryKey: keys.detail(event.data.conversation_id as string),
      exact: true,
    })
  }
  if (event.name === 'message_added' || event.name === 'message_changed') {
    const message = event.data.message as Message
    client.setQueryData<Log>(keys.log(message.conversation_id), (log) =>
      log ? applyToLog(log, event, message.conversation_id) : log,
    )
    if (message.client_id) outbox.settle(message.client_id)
  }
  if (event.name === 'viewing') applyViewing(client, event.data)
  if (event.name === 'agent_changed') applyAgent(client, event.data as Agent)
}

function applyToDetail(client: QueryClient, conversation: Conversation): void {
  client.setQueryData<ConversationDetail>(keys.detail(conversation.id), (detail) =>
    detail && detail.conversation.version <= conversation.version ? { ...detail, conversation } : detail,
  )
}

function applyViewing(client: QueryClient, seen: { conversation_id: string; viewers: Viewer[] }): void {
  client.setQueryData<ConversationDetail>(keys.detail(seen.conversation_id), (detail) =>
    detail ? { ...detail, viewers: seen.viewers } : detail,
  )
}

function applyAgent(client: QueryClient, agent: Partial<Agent> & { id: string }): void {
  const change = (agents: Agent[]) => agents.map((one) => (one.id === agent.id ? { ...one, ...agent } : one))
  client.setQueryData<Page<Agent>>(keys.agents, (page) =>
    page ? { ...page, items: change(page.items) } : page,
  )
  client.setQueryData<Supervision>(keys.supervision, (page) =>
    page ? { ...page, agents: change(page.agents) } : page,
  )
}

/** The one listener of this feature: keeps everything of `chat` that the cache holds true. */
export function useFeed(): void {
  const client = useQueryClient()
  const staff = useStaff()
  let timer: ReturnType<typeof setTimeout> | undefined

  const forget = liveStream.onEvent((event) => {
    if (event.service !== 'chat') return
    applyEvent(client, staff.person?.id ?? '', event)
    if (event.name.startsWith('conversation_')) recount()
  })

  function recount(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      void client.invalidateQueries({ queryKey: keys.counts })
      void client.invalidateQueries({ queryKey: keys.supervision })
    }, SETTLE_MS)
  }

  onBeforeUnmount(() => {
    forget()
    clearTimeout(timer)
  })
}
