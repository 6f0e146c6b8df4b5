import { describe, expect, it } from 'vitest'
import type { Chat, ChatScreen, Message, PhoneEvent } from '../api/types'
import {
  applyEvent,
  chatRows,
  newState,
  putMessage,
  takeChat,
  takeChats,
  TYPING_MS,
  type PhoneState,
} from './screen'

const PHONE = { id: 'p1', name: 'Li', avatar_color: '#336699', openids: { wx1: 'o1' } }
const NOW = 1_000_000

function chat(changes: Partial<Chat> = {}): Chat {
  return {
    appid: 'wx1',
    name: 'Service',
    avatar_color: '#0a7d45',
    is_following: true,
    unread: 0,
    last_text: '',
    last_at: null,
    menu: null,
    ...changes,
  }
}

function message(number: number, changes: Partial<Message> = {}): Message {
  return {
    id: `m${number}`,
    number,
    from: 'account',
    kind: 'text',
    content: { content: `text ${number}` },
    state: 'sent',
    at: `2026-11-21T06:00:${String(number).padStart(2, '0')}Z`,
    ...changes,
  }
}

function screen(number: number, messages: Message[], chats = [chat()]): ChatScreen {
  return { phone: PHONE, chats, number, messages, is_typing: false, menu: null, has_more: false }
}

function added(number: number, one: Message, unread?: number): PhoneEvent {
  return { number, phone_id: 'p1', appid: 'wx1', name: 'message_added', data: { message: one, unread } }
}

function opened(number: number, messages: Message[]): PhoneState {
  const state = newState({ phone: PHONE, chats: [chat()], number })
  takeChat(state, 'wx1', screen(number, messages), NOW)
  return state
}

const ids = (state: PhoneState) => state.logs.wx1!.messages.map((one) => one.id)

describe('events of the stream', () => {
  it('add a message once, however often they come', () => {
    const state = opened(4, [message(1)])
    const event = added(5, message(2), 1)
    expect(applyEvent(state, event, NOW)).toBe(true)
    expect(applyEvent(state, event, NOW)).toBe(false)
    expect(ids(state)).toEqual(['m1', 'm2'])
    expect(state.chats[0]).toMatchObject({ unread: 1, last_text: 'text 2' })
  })

  it('of a replay after a reconnect leave alone what a read held already', () => {
    const state = newState({ phone: PHONE, chats: [chat()], number: 3 })
    takeChat(state, 'wx1', screen(6, [message(1), message(2)], [chat({ unread: 2 })]), NOW)
    applyEvent(state, added(5, message(1)), NOW)
    applyEvent(state, added(6, message(2)), NOW)
    expect(ids(state)).toEqual(['m1', 'm2'])
    expect(state.chats[0]!.unread).toBe(2)
    applyEvent(state, added(7, message(3)), NOW)
    expect(ids(state)).toEqual(['m1', 'm2', 'm3'])
    expect(state.chats[0]!.unread).toBe(3)
  })

  it('of other phones change nothing, those without a phone concern each', () => {
    const state = opened(1, [])
    expect(applyEvent(state, { ...added(2, message(1)), phone_id: 'p2' }, NOW)).toBe(false)
    const menu = { button: [{ name: 'A', type: 'click', key: 'A' }] }
    const event = { number: 3, phone_id: '', appid: 'wx1', name: 'menu_changed', data: { menu } }
    expect(applyEvent(state, event, NOW)).toBe(true)
    expect(state.chats[0]!.menu).toEqual(menu)
  })

  it('show typing until it is taken away, runs out or the message comes', () => {
    const state = opened(1, [])
    applyEvent(
      state,
      { number: 2, phone_id: 'p1', appid: 'wx1', name: 'typing', data: { is_typing: true } },
      NOW,
    )
    expect(state.logs.wx1!.typingUntil).toBe(NOW + TYPING_MS)
    applyEvent(state, added(3, message(1)), NOW)
    expect(state.logs.wx1!.typingUntil).toBe(0)
  })

  it('follow and unfollow', () => {
    const state = newState({ phone: PHONE, chats: [], number: 0 })
    const follow = { is_following: true, chat: chat() }
    applyEvent(state, { number: 1, phone_id: 'p1', appid: 'wx1', name: 'follow_changed', data: follow }, NOW)
    expect(chatRows(state.chats)).toHaveLength(1)
    const leave = { is_following: false, chat: null }
    applyEvent(state, { number: 2, phone_id: 'p1', appid: 'wx1', name: 'follow_changed', data: leave }, NOW)
    expect(chatRows(state.chats)).toHaveLength(0)
  })
})

describe('a read', () => {
  it('that is older than the stream is refused', () => {
    const state = opened(4, [message(1)])
    applyEvent(state, added(9, message(2)), NOW)
    expect(takeChat(state, 'wx1', screen(8, [message(1)]), NOW)).toBe(false)
    expect(takeChats(state, { phone: PHONE, chats: [], number: 8 })).toBe(false)
    expect(ids(state)).toEqual(['m1', 'm2'])
  })

  it('keeps what is on its way, but not what it has brought itself', () => {
    const state = opened(4, [])
    const waiting = message(0, { id: 'local:a', client_id: 'a', from: 'user', state: 'sending' })
    const taken = message(0, { id: 'local:b', client_id: 'b', from: 'user', state: 'unsent' })
    putMessage(state.logs.wx1!.messages, waiting)
    putMessage(state.logs.wx1!.messages, taken)
    takeChat(state, 'wx1', screen(6, [message(1, { client_id: 'b', from: 'user' })]), NOW)
    expect(ids(state)).toEqual(['m1', 'local:a'])
  })
})

describe('a message', () => {
  it('takes the place of its local copy, whether the answer or the stream is first', () => {
    const list: Message[] = []
    const local = message(0, { id: 'local:a', client_id: 'a', from: 'user', state: 'sending' })
    const sent = message(2, { client_id: 'a', from: 'user' })
    putMessage(list, local)
    putMessage(list, sent)
    putMessage(list, sent)
    expect(list).toEqual([sent])
    putMessage(list, { ...local, state: 'unsent' })
    expect(list).toEqual([sent])
  })

  it('stands by its number, and after all others while it is on its way', () => {
    const list: Message[] = []
    putMessage(list, message(3))
    putMessage(list, message(0, { id: 'local:a', client_id: 'a', state: 'sending' }))
    putMessage(list, message(1))
    putMessage(list, message(4))
    expect(list.map((one) => one.id)).toEqual(['m1', 'm3', 'm4', 'local:a'])
  })
})
