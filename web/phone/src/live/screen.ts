import type { Chat, ChatScreen, Menu, Message, Phone, PhoneEvent, Screen } from '../api/types'

/** How long "typing…" stays when nothing takes it away (WeChat's own limit). */
export const TYPING_MS = 15_000

/** One chat as the phone shows it. */
export interface Log {
  messages: Message[]
  typingUntil: number
  hasMore: boolean
  /** The stream's number when the messages were read. */
  number: number
}

/** Everything that one phone shows. */
export interface PhoneState {
  phone: Phone
  chats: Chat[]
  logs: Record<string, Log>
  /** The last number of the stream that was applied. */
  number: number
  /** The stream's number when the list of chats was read. */
  chatsNumber: number
  /** Menus of accounts whose chat is open but which are not in the list. */
  menus: Record<string, Menu | null>
}

export function newState(screen: Screen): PhoneState {
  return {
    phone: screen.phone,
    chats: screen.chats,
    logs: {},
    number: screen.number,
    chatsNumber: screen.number,
    menus: {},
  }
}

/** Where a message stands among the others: by number, those still on their way after all. */
function isAfter(one: Message, other: Message): boolean {
  const place = (message: Message) => (isLocal(message) ? Number.MAX_SAFE_INTEGER : message.number)
  return place(one) > place(other)
}

/** True for a message that the emulator has not taken yet. */
export function isLocal(message: Message): boolean {
  return message.state === 'sending' || message.state === 'unsent'
}

/** Puts a message where it belongs; the same message, by id or by client id, takes the place of the earlier one. */
export function putMessage(messages: Message[], message: Message): void {
  const found = messages.findIndex(
    (held) => held.id === message.id || (!!message.client_id && held.client_id === message.client_id),
  )
  if (found >= 0) {
    // The answer of a repeated send never turns a taken message back into one on its way.
    if (isLocal(message) && !isLocal(messages[found]!)) return
    messages.splice(found, 1)
  }
  let place = messages.length
  while (place > 0 && isAfter(messages[place - 1]!, message)) place--
  messages.splice(place, 0, message)
}

export function logOf(state: PhoneState, appid: string): Log {
  return (state.logs[appid] ??= { messages: [], typingUntil: 0, hasMore: false, number: 0 })
}

/** Takes a fresh read of the list of chats; false if the stream was further: it must be read again. */
export function takeChats(state: PhoneState, screen: Screen): boolean {
  if (screen.number < state.number) return false
  state.phone = screen.phone
  state.chats = screen.chats
  state.chatsNumber = screen.number
  return true
}

/**
 * Takes a fresh read of a chat; what is on its way stays. False if the stream was further than the read: the events
 * between are gone, so it must be read again.
 */
export function takeChat(state: PhoneState, appid: string, screen: ChatScreen, now: number): boolean {
  if (!takeChats(state, screen)) return false
  const log = logOf(state, appid)
  const waiting = log.messages.filter(isLocal)
  log.messages = [...screen.messages].sort((one, other) => one.number - other.number)
  waiting.forEach((message) => {
    const isTaken = log.messages.some((held) => !!held.client_id && held.client_id === message.client_id)
    if (!isTaken) putMessage(log.messages, message)
  })
  log.hasMore = screen.has_more ?? false
  log.typingUntil = screen.is_typing ? now + TYPING_MS : 0
  log.number = screen.number
  state.menus[appid] = screen.menu
  return true
}

/** Takes older messages of a chat. */
export function takeOlder(state: PhoneState, appid: string, screen: ChatScreen): void {
  const log = logOf(state, appid)
  screen.messages.forEach((message) => putMessage(log.messages, message))
  log.hasMore = screen.has_more ?? false
}

/** The one line by which a chat list shows a message; media kinds come as a key of the locale files. */
export function summary(message: Message): { text: string } | { key: string } {
  if (message.kind === 'text') return { text: String(message.content?.content ?? '').replace(/<[^>]*>/g, '') }
  if (message.kind === 'menu') return { text: String(message.content?.head ?? '') }
  if (message.kind === 'news') return { text: String(message.content?.articles?.[0]?.title ?? '') }
  return { key: message.kind }
}

function touchChat(state: PhoneState, appid: string, message: Message, unread: number | undefined): void {
  const chat = state.chats.find((row) => row.appid === appid)
  if (!chat) return
  const said = summary(message)
  chat.last_text = 'text' in said ? said.text : `[${said.key}]`
  chat.last_at = message.at
  if (unread !== undefined) chat.unread = unread
  else if (message.from === 'account') chat.unread += 1
}

function takeFollow(state: PhoneState, event: PhoneEvent): void {
  const { is_following: isFollowing, chat } = event.data as { is_following: boolean; chat?: Chat | null }
  const found = state.chats.findIndex((row) => row.appid === event.appid)
  if (chat && found >= 0) state.chats[found] = chat
  else if (chat) state.chats.push(chat)
  else if (found >= 0) state.chats[found]!.is_following = isFollowing
}

function takeInLog(log: Log, event: PhoneEvent, now: number): void {
  if (event.number <= log.number) return
  if (event.name === 'typing') log.typingUntil = event.data.is_typing ? now + TYPING_MS : 0
  if (event.name !== 'message_added' && event.name !== 'message_changed') return
  const message = event.data.message as Message
  putMessage(log.messages, message)
  if (message.from === 'account') log.typingUntil = 0
}

function takeInList(state: PhoneState, event: PhoneEvent): void {
  if (event.number <= state.chatsNumber) return
  if (event.name === 'message_added') touchChat(state, event.appid, event.data.message, event.data.unread)
  else if (event.name === 'follow_changed') takeFollow(state, event)
  else if (event.name === 'menu_changed') {
    const chat = state.chats.find((row) => row.appid === event.appid)
    if (chat) chat.menu = event.data.menu
    if (event.appid in state.menus) state.menus[event.appid] = event.data.menu
  }
}

/**
 * Applies an event of the stream; false if it is another phone's, or was applied before. What a later read of the
 * list or of a chat held already is left alone, so nothing is doubled however often the stream is taken up again.
 */
export function applyEvent(state: PhoneState, event: PhoneEvent, now: number): boolean {
  // Without a phone it concerns each that has the account, as a new menu does.
  if ((event.phone_id && event.phone_id !== state.phone.id) || event.number <= state.number) return false
  state.number = event.number
  const log = state.logs[event.appid]
  if (log) takeInLog(log, event, now)
  takeInList(state, event)
  return true
}

/** The chats that a list shows: those followed or spoken with, newest first. */
export function chatRows(chats: readonly Chat[]): Chat[] {
  return chats
    .filter((chat) => chat.is_following)
    .sort((one, other) => (other.last_at ?? '').localeCompare(one.last_at ?? ''))
}
