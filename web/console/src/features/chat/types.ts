/** The wire types of `chat` (contracts/chat.py). */

export type ConversationState = 'auto' | 'queued' | 'assigned' | 'active' | 'waiting_customer' | 'closed'
export type MessageState = 'received' | 'sending' | 'sent' | 'failed' | 'unknown'
export type MediaState = 'none' | 'pending' | 'stored' | 'failed'
export type Box = 'mine' | 'queue' | 'closed' | 'all'
export type AgentStatus = 'online' | 'busy' | 'break' | 'offline'

export interface Person {
  kind: 'customer' | 'agent' | 'bot' | 'system'
  id: string
  name: string
}

export interface Message {
  id: string
  conversation_id: string
  number: number
  author: Person
  is_note: boolean
  kind: string
  content: Record<string, unknown>
  media_state: MediaState
  media_url: string
  media_type: string
  state: MessageState
  failure: string
  push_id: string
  client_id: string
  sent_at: string
  at: string
}

export interface Conversation {
  id: string
  channel: string
  account_id: string
  account_name: string
  openid: string
  customer_id: string
  customer_name: string
  state: ConversationState
  is_left_message: boolean
  group_id: string
  group_name: string
  agent_id: string
  agent_name: string
  consulted: Person[]
  opened_at: string
  last_at: string
  closed_at: string | null
  last_number: number
  last_text: string
  last_author: string
  unread: number
  waiting_since: string | null
  answer_due_at: string | null
  queued_at: string | null
  queue_position: number | null
  first_answer_seconds: number | null
  window_expires_at: string | null
  window_remaining: number
  rating: number | null
  rating_comment: string
  is_rating_invited: boolean
  category: string
  result: string
  version: number
}

export interface Draft {
  text: string
  is_note: boolean
  version: number
}

export interface Viewer {
  id: string
  name: string
  is_typing: boolean
}

export interface ConversationDetail {
  conversation: Conversation
  draft: Draft | null
  viewers: Viewer[]
  group_hours_open: boolean
}

export interface Counts {
  mine: number
  mine_unread: number
  queue: number
  closed_today: number
  unattended: number
}

export interface Agent {
  id: string
  name: string
  status: AgentStatus
  load: number
  capacity: number
  groups: { id: string; name: string }[]
  skills: string[]
  last_seen_at: string | null
}

export interface Span {
  start: string
  end: string
}

export interface Hours {
  time_zone: string
  weekly: ({ weekday: number } & Span)[]
  dates: { date: string; title: string; spans: Span[] }[]
  uses_public_holidays: boolean
}

export interface Member {
  agent_id: string
  name: string
  capacity: number | null
  skills: string[]
}

export interface Group {
  id: string
  name: string
  organisation_id: string
  is_default: boolean
  capacity: number
  hand_back_seconds: number
  hours: Hours
  off_hours_text: string
  members: Member[]
  keywords: string[]
  accounts: string[]
  version: number
}

export interface CannedReply {
  id: string
  title: string
  text: string
  category: string
  scope: 'company' | 'group' | 'personal'
  group_id: string | null
  is_locked: boolean
  initials: string
  sort: number
  version: number
}

export interface Greeting {
  id: string
  kind: string
  title: string
  text: string
  from_time: string | null
  to_time: string | null
  holiday: string | null
  is_on: boolean
}

export interface Supervision {
  agents: Agent[]
  queue: { length: number; longest_wait_seconds: number; items: Conversation[] }
  today: {
    first_answers: number
    first_answer_mean_seconds: number | null
    within_target: number
    target_seconds: number
    within_target_percent: number | null
    opened: number
    closed: number
    rated: number
    rating_mean: number | null
    left_messages: number
  }
  groups: { id: string; name: string; online: number; queue: number; load: number; capacity: number }[]
}

export interface Upload {
  file: string
  url: string
  media_type: string
  size: number
}
