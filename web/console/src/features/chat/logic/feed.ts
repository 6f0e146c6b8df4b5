import type { Page } from '@shared/api/envelope'
import type { StreamEvent } from '@shared/stream/event'
import type { Box, Conversation, Message } from '../types'

/** What a message log shows: without gaps, ascending; `isStart` when nothing older is left. */
export interface Log {
  items: Message[]
  isStart: boolean
  /** A number was skipped: what lies between must be read. */
  hasGap: boolean
}

/** A log with one message added or replaced. A state never goes back from decided to sending. */
export function putMessage(log: Log, message: Message): Log {
  const { items } = log
  const last = items[items.length - 1]
  if (!last || message.number === last.number + 1) return { ...log, items: [...items, message] }
  if (message.number > last.number) return { ...log, hasGap: true }
  const at = items.findIndex((one) => one.number === message.number)
  if (at < 0) return log
  const next = items.slice()
  next[at] = message
  return { ...log, items: next }
}

/** A log with one's own message as its sending was answered: what the stream told of it already is newer. */
export function addOwn(log: Log, answered: Message): Log {
  return log.items.some((one) => one.id === answered.id) ? log : putMessage(log, answered)
}

/** A message as a deed answered it, unless the stream told something newer while the answer was on its way. */
export function newestOf(answered: Message, arrived: StreamEvent[] | null): Message {
  const told = (arrived ?? [])
    .filter(
      ({ service, name }) => service === 'chat' && (name === 'message_added' || name === 'message_changed'),
    )
    .map(({ data }) => data.message as Message)
    .filter((message) => message.id === answered.id)
  return told[told.length - 1] ?? answered
}

/** Two stretches of one log as one; the newer reading wins where they overlap. */
export function joinLogs(older: Message[], newer: Message[]): Message[] {
  const first = newer[0]
  if (!first) return older
  const before = older.filter((message) => message.number < first.number)
  const end = before[before.length - 1]
  if (end && end.number !== first.number - 1) return newer
  const last = newer[newer.length - 1]!
  const after = older.filter((message) => message.number > last.number)
  const isClosed = after.length === 0 || after[0]!.number === last.number + 1
  return [...before, ...newer, ...(isClosed ? after : [])]
}

export function applyToLog(log: Log, event: StreamEvent, conversationId: string): Log {
  if (event.service !== 'chat') return log
  if (event.name !== 'message_added' && event.name !== 'message_changed') return log
  const message = event.data.message as Message
  if (message.conversation_id !== conversationId) return log
  return putMessage(log, message)
}

/** Whether a conversation stands in a box of this agent. */
export function belongs(conversation: Conversation, box: Box, me: string): boolean {
  if (box === 'all') return true
  if (box === 'closed') return conversation.state === 'closed'
  if (box === 'queue') return conversation.state === 'queued'
  if (conversation.state === 'closed' || conversation.state === 'queued') return false
  return conversation.agent_id === me || conversation.consulted.some((person) => person.id === me)
}

function rank(conversation: Conversation, box: Box): number {
  if (box === 'queue') return Date.parse(conversation.queued_at ?? conversation.last_at)
  const at = box === 'closed' ? (conversation.closed_at ?? conversation.last_at) : conversation.last_at
  return -Date.parse(at)
}

export function order(items: Conversation[], box: Box): Conversation[] {
  return items.slice().sort((one, other) => rank(one, box) - rank(other, box) || (one.id < other.id ? 1 : -1))
}

export interface ListScope {
  box: Box
  me: string
  /** Words that the server matched: an event can't tell whether it matches, so only what is shown is kept true. */
  q: string
  /** False for a later page read alone: what is new stands on the first. */
  takesNew?: boolean
}

/** Pages of a list after an event: changed in place, added where it belongs, taken out where it no longer does. */
export function applyToPages(
  pages: Page<Conversation>[],
  event: StreamEvent,
  scope: ListScope,
): Page<Conversation>[] {
  if (event.service !== 'chat' || pages.length === 0) return pages
  if (event.name === 'conversation_removed') return without(pages, event.data.conversation_id as string)
  if (event.name !== 'conversation_changed') return pages
  const next = event.data.conversation as Conversation
  const known = pages.flatMap((page) => page.items).find((one) => one.id === next.id)
  if (known && known.version > next.version) return pages
  if (!belongs(next, scope.box, scope.me)) return known ? without(pages, next.id) : pages
  if (known) {
    return pages.map((page) => ({
      ...page,
      items: page.items.map((one) => (one.id === next.id ? next : one)),
    }))
  }
  if (scope.q || scope.takesNew === false) return pages
  const [first, ...rest] = pages as [Page<Conversation>, ...Page<Conversation>[]]
  return [{ ...first, items: [next, ...first.items] }, ...rest]
}

function without(pages: Page<Conversation>[], id: string): Page<Conversation>[] {
  return pages.map((page) => ({ ...page, items: page.items.filter((one) => one.id !== id) }))
}

/**
 * The order on screen. While the pointer rests over the list nothing moves: what is gone goes, what is new
 * waits at the end, and the true order returns when the pointer has left.
 */
export function stableOrder(previous: string[], wanted: string[], isHeld: boolean): string[] {
  if (!isHeld) return wanted
  const present = new Set(wanted)
  const kept = previous.filter((id) => present.has(id))
  const shown = new Set(kept)
  return [...kept, ...wanted.filter((id) => !shown.has(id))]
}
