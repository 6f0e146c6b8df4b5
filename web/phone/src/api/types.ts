/** What the emulator's control interface answers. Times are RFC 3339, business time. */

export interface Phone {
  id: string
  name: string
  avatar_color: string
  openids: Record<string, string>
  unionid?: string
  is_story?: boolean
}

export interface MenuButton {
  name: string
  type?: string
  key?: string
  url?: string
  sub_button?: MenuButton[]
}

/** WeChat's own shape of a custom menu. */
export interface Menu {
  button: MenuButton[]
}

export interface Account {
  appid: string
  original_id: string
  name: string
  avatar_color: string
  kind: string
  signature?: string
  menu?: Menu | null
}

/** A row of the chat list. */
export interface Chat {
  appid: string
  name: string
  avatar_color: string
  is_following: boolean
  unread: number
  last_kind?: string
  last_text: string
  last_at: string | null
  menu: Menu | null
}

export type Sender = 'user' | 'account' | 'system'

export interface Message {
  id: string
  /** The order within the chat. */
  number: number
  client_id?: string
  from: Sender
  kind: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each bubble knows the content of its kind
  content: any
  media_url?: string
  /** `sending` and `unsent` exist on the page only. */
  state: 'sent' | 'failed' | 'sending' | 'unsent'
  error?: string
  at: string
}

export interface Screen {
  phone: Phone
  chats: Chat[]
  /** The stream's number when the screen was read. */
  number: number
}

export interface ChatScreen extends Screen {
  messages: Message[]
  has_more?: boolean
  is_typing: boolean
  menu: Menu | null
}

export interface PhoneEvent {
  number: number
  phone_id: string
  appid: string
  name: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each name has its own data
  data: any
}

export interface PushTry {
  number: number
  at: string
  /** 0: no answer came. */
  status: number
  latency_ms: number
  verdict: string
  body?: string
}

export interface Push {
  id: string
  appid: string
  openid: string
  kind: string
  summary?: string
  message_id?: string
  state: 'pending' | 'delivered' | 'failed'
  created_at: string
  tries: PushTry[]
}

export interface Clock {
  now: string
  offset_seconds: number
}

export interface Faults {
  is_api_down: boolean
  callback_timeout_seconds: number
  send_errcode: number
  strict_unicode: boolean
}

export interface QrCode {
  ticket: string
  appid: string
  account_name: string
  scene: string
}

export interface StoryHead {
  key: string
  title: string
  description: string
}

/** One thing that happens in a story; `kind` says which. */
export interface Act {
  kind: string
  message?: { kind: string; content: Record<string, unknown> }
  key?: string
  status?: string
  text?: string
  index?: number
  category?: string
  result?: string
  advance_seconds?: number
}

export interface StoryStep {
  key: string
  actor: 'customer' | 'agent' | 'clock' | 'system'
  title: string
  text: string
  act: Act
}

export interface Story extends StoryHead {
  customer_name: string
  appid: string
  steps: StoryStep[]
}
