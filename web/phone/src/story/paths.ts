import type { StreamEvent } from '@shared/stream/event'
import type { Message, PhoneEvent } from '../api/types'
import { summary } from '../live/screen'

/** Where a message passes, from the phone to the agent; an answer goes the other way. */
export const STATIONS = ['phone', 'stored', 'routed', 'conversation', 'agent'] as const
export const BACK_STATIONS = ['agent', 'sending', 'sent', 'phone'] as const
export type Station = (typeof STATIONS)[number] | (typeof BACK_STATIONS)[number] | 'failed'

export interface PathStep {
  name: Station
  /** Milliseconds of business time. */
  at: number
  detail: string
  /** The time is that of this page, for want of a better one. */
  isGuess: boolean
}

export interface Path {
  key: string
  direction: 'in' | 'out'
  kind: string
  /** What was said; empty for media and events, which the page names by kind. */
  text: string
  /** Who wrote an answer: an agent's name, or empty for the platform itself. */
  author: string
  phoneMessageId: string
  pushId: string
  messageId: string
  conversationId: string
  outcome: string
  steps: PathStep[]
}

/** A step as `/wechat/message-paths` and `/chat/message-paths` give it. */
export interface ServedStep {
  name: string
  at: string
  detail?: unknown
}

const SERVED: Record<'in' | 'out', Record<string, Station>> = {
  in: {
    stored: 'stored',
    routed: 'routed',
    conversation: 'conversation',
    assigned: 'agent',
    agent: 'agent',
    failed: 'failed',
  },
  out: { agent: 'agent', conversation: 'agent', sending: 'sending', sent: 'sent', failed: 'failed' },
}

function newPath(key: string, direction: 'in' | 'out', kind: string): Path {
  return {
    key,
    direction,
    kind,
    text: '',
    author: '',
    phoneMessageId: '',
    pushId: '',
    messageId: '',
    conversationId: '',
    outcome: '',
    steps: [],
  }
}

/** The milliseconds between a step and the one before it; null for the first. */
export function lag(path: Path, index: number): number | null {
  const step = path.steps[index]
  const before = path.steps[index - 1]
  return step && before ? Math.max(0, step.at - before.at) : null
}

/** From the earliest step to the latest, in milliseconds. */
export function duration(path: Path): number {
  const times = path.steps.map((step) => step.at)
  return times.length > 0 ? Math.max(...times) - Math.min(...times) : 0
}

/** True once nothing more is expected. */
export function isComplete(path: Path): boolean {
  const has = (name: Station) => path.steps.some((step) => step.name === name)
  if (has('failed')) return true
  if (path.direction === 'out') return has('phone')
  return (
    has('agent') ||
    path.outcome === 'handled' ||
    (path.outcome === 'unhandled' && path.kind.startsWith('event:'))
  )
}

/**
 * Builds the live paths of one phone with one account, out of three streams that come in any order: the phone's
 * own, the `wechat` feed and the `chat` feed. The same event twice changes nothing.
 */
export class PathBuilder {
  readonly paths: Path[] = []
  /** Replies of the platform itself, by id, until they are seen on the phone. */
  private readonly replies = new Set<string>()
  /** In whose hands each conversation of the customer is. */
  private readonly agents = new Map<string, string>()

  constructor(
    private readonly phoneId: string,
    private readonly openid: () => string | undefined,
  ) {}

  /** An event of the phone's stream; `now` stands in for a time that it lacks. */
  takePhone(event: PhoneEvent, now: number): Path | null {
    if (event.phone_id !== this.phoneId) return null
    if (event.name === 'follow_changed') {
      const name = event.data.is_following ? 'event:subscribe' : 'event:unsubscribe'
      return this.begin(`follow:${event.number}`, name, '', when(event.data.at, now))
    }
    if (event.name !== 'message_added') return null
    const message = event.data.message as Message
    if (message.from === 'user') return this.takeUserMessage(message)
    return message.from === 'account' ? this.takeArrival(message) : null
  }

  /** An event of the merged stream of `wechat` and `chat`; `now` stands in for a time that it lacks. */
  takeFeed(event: StreamEvent, now: number): Path | null {
    return event.service === 'wechat' ? this.takeWechat(event, now) : this.takeChat(event, now)
  }

  /** What the services noted themselves, where their events told nothing or came without a time. */
  takeServed(path: Path, steps: readonly ServedStep[]): void {
    for (const step of steps) {
      const name = SERVED[path.direction][step.name]
      const at = when(step.at, 0)
      if (name && !at.isGuess) this.note(path, name, at, readDetail(step.detail))
    }
  }

  private takeUserMessage(message: Message): Path {
    const said = summary(message)
    const held = this.paths.find((path) => path.phoneMessageId === message.id)
    if (held) return held
    const path = this.begin(
      `phone:${message.id}`,
      message.kind,
      'text' in said ? said.text : '',
      when(message.at, 0),
    )
    path.phoneMessageId = message.id
    return path
  }

  private begin(key: string, kind: string, text: string, at: Moment): Path {
    const held = this.paths.find((path) => path.key === key)
    if (held) return held
    // The push may have been told of before the phone's own stream told of the message.
    const early = this.paths.find(
      (path) => path.direction === 'in' && path.pushId && !hasStep(path, 'phone') && fits(path, kind, text),
    )
    const path = early ?? newPath(key, 'in', kind)
    if (!early) this.paths.push(path)
    if (text) path.text = text
    this.note(path, 'phone', { ...at, at: Math.min(at.at, path.steps[0]?.at ?? at.at) })
    return path
  }

  private takeWechat(event: StreamEvent, now: number): Path | null {
    const data = event.data
    if (data.openid !== this.openid()) return null
    const at = when(data.at, now)
    if (event.name === 'message_received' || event.name === 'event_received') {
      const kind = event.name === 'message_received' ? String(data.kind) : `event:${data.event}`
      const path = this.byPush(String(data.push_id), kind, String(data.content?.content ?? ''))
      this.note(path, 'stored', at)
      return path
    }
    if (event.name === 'message_dispatched') {
      const path = this.paths.find((held) => held.pushId === data.push_id)
      if (!path) return null
      path.outcome = String(data.outcome)
      this.note(path, 'routed', at, String(data.provider ?? ''))
      for (const reply of data.replies ?? []) this.takeReply(reply, at)
      return path
    }
    if (event.name === 'message_sent' || event.name === 'message_failed') {
      const path = this.paths.find((held) => held.messageId === data.message_id)
      if (!path) return null
      const failed = event.name === 'message_failed'
      this.note(path, failed ? 'failed' : 'sent', at, failed ? String(data.reason ?? '') : '')
      return path
    }
    return null
  }

  private takeReply(
    reply: { id?: string; kind: string; content: Record<string, unknown> },
    at: Moment,
  ): void {
    if (!reply.id || this.replies.has(reply.id)) return
    this.replies.add(reply.id)
    const path = newPath(`out:${reply.id}`, 'out', reply.kind)
    path.messageId = reply.id
    path.text = String(reply.content.content ?? reply.content.head ?? reply.content.title ?? '')
    this.paths.push(path)
    this.note(path, 'sending', at)
  }

  private takeChat(event: StreamEvent, now: number): Path | null {
    const at = when(event.data?.at, now)
    if (event.name === 'conversation_changed') return this.takeConversation(event.data.conversation, at)
    if (event.name !== 'message_added' && event.name !== 'message_changed') return null
    const message = event.data.message
    const { kind: author } = message.author
    if (author === 'customer') {
      const path = this.paths.find((held) => held.pushId && held.pushId === message.push_id)
      if (!path) return null
      path.conversationId = message.conversation_id
      this.note(path, 'conversation', at)
      const agent = this.agents.get(message.conversation_id)
      if (agent) this.note(path, 'agent', at, agent)
      return path
    }
    if (message.is_note || author === 'system' || message.kind === 'system') return null
    return this.takeAnswer(message, at)
  }

  private takeAnswer(
    message: {
      id: string
      conversation_id: string
      kind: string
      content: Record<string, unknown>
      author: { kind: string; name: string }
      state: string
      at: string
      failure: string
    },
    at: Moment,
  ): Path | null {
    let path = this.paths.find((held) => held.messageId === message.id) ?? this.ownReply(message)
    if (!path) {
      // Other customers' answers come by the same feed.
      if (!this.paths.some((held) => held.conversationId === message.conversation_id)) return null
      path = newPath(`out:${message.id}`, 'out', message.kind)
      path.messageId = message.id
      path.text = String(message.content.content ?? '')
      this.paths.push(path)
    }
    path.conversationId = message.conversation_id
    if (message.author.kind === 'agent') {
      path.author = message.author.name
      this.note(path, 'agent', when(message.at, at.at))
    }
    if (message.state === 'sending') this.note(path, 'sending', at)
    if (message.state === 'sent') this.note(path, 'sent', at)
    if (message.state === 'failed' || message.state === 'unknown') {
      this.note(path, 'failed', at, message.failure)
    }
    return path
  }

  /** The platform's own reply, which the conversation holds under an id of its own. */
  private ownReply(message: { kind: string; content: Record<string, unknown>; author: { kind: string } }) {
    if (message.author.kind === 'agent') return undefined
    const text = String(message.content.content ?? '')
    return this.paths.find(
      (path) =>
        path.direction === 'out' && !path.author && !path.conversationId && fits(path, message.kind, text),
    )
  }

  private takeConversation(
    conversation: { id: string; agent_id: string; agent_name: string; openid: string },
    at: Moment,
  ): Path | null {
    if (conversation.openid !== this.openid()) return null
    if (conversation.agent_id) this.agents.set(conversation.id, conversation.agent_name)
    else this.agents.delete(conversation.id)
    if (!conversation.agent_id) return null
    let last: Path | null = null
    for (const path of this.paths) {
      if (path.direction !== 'in' || path.conversationId !== conversation.id || hasStep(path, 'agent'))
        continue
      this.note(path, 'agent', at, conversation.agent_name)
      last = path
    }
    return last
  }

  private takeArrival(message: Message): Path | null {
    const held = this.paths.find((path) => path.phoneMessageId === message.id)
    if (held) return held
    const said = summary(message)
    const text = 'text' in said ? said.text : ''
    const path = this.paths.find(
      (one) => one.direction === 'out' && !hasStep(one, 'phone') && fits(one, message.kind, text),
    )
    if (!path) return null
    path.phoneMessageId = message.id
    this.note(path, 'phone', when(message.at, 0))
    return path
  }

  private byPush(pushId: string, kind: string, text: string): Path {
    const held = this.paths.find((path) => path.pushId === pushId)
    if (held) return held
    const waiting = this.paths.find(
      (path) => path.direction === 'in' && !path.pushId && fits(path, kind, text),
    )
    if (waiting) {
      waiting.pushId = pushId
      return waiting
    }
    const path = newPath(`push:${pushId}`, 'in', kind)
    path.pushId = pushId
    path.text = text
    this.paths.push(path)
    return path
  }

  /** Notes a step; the first true time stays, a guessed one gives way to it. */
  private note(path: Path, name: Station, at: Moment, detail = ''): void {
    const held = path.steps.find((step) => step.name === name)
    if (held) {
      if (held.isGuess && !at.isGuess) Object.assign(held, at)
      if (detail) held.detail = detail
    } else {
      path.steps.push({ name, ...at, detail })
    }
    const order: readonly string[] = path.direction === 'in' ? STATIONS : BACK_STATIONS
    const place = (step: PathStep) => (step.name === 'failed' ? order.length : order.indexOf(step.name))
    path.steps.sort((one, other) => place(one) - place(other))
  }
}

type Moment = Pick<PathStep, 'at' | 'isGuess'>

/** When it was, if it was told; else now. */
function when(told: unknown, now: number): Moment {
  const at = typeof told === 'string' ? Date.parse(told) : Number.NaN
  return Number.isNaN(at) ? { at: now, isGuess: true } : { at, isGuess: false }
}

function hasStep(path: Path, name: Station): boolean {
  return path.steps.some((step) => step.name === name)
}

/** WeChat and the platform tell the same kinds by the same words, but for events. */
function fits(path: Path, kind: string, text: string): boolean {
  if (path.kind !== kind) return false
  return kind !== 'text' || path.text === text.replace(/<[^>]*>/g, '') || path.text === text
}

function readDetail(detail: unknown): string {
  if (typeof detail === 'string') return detail
  if (!detail || typeof detail !== 'object') return ''
  return Object.values(detail)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' · ')
}
