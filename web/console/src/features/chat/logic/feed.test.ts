import { describe, expect, it } from 'vitest'
import type { Page } from '@shared/api/envelope'
import type { StreamEvent } from '@shared/stream/event'
import type { Conversation, Message } from '../types'
import {
  addOwn,
  applyToLog,
  applyToPages,
  belongs,
  joinLogs,
  newestOf,
  order,
  putMessage,
  stableOrder,
  type Log,
} from './feed'

const ME = 'agent-1'

function conversation(id: string, part: Partial<Conversation> = {}): Conversation {
  return {
    id,
    channel: 'wechat',
    account_id: 'a',
    account_name: '',
    openid: 'o',
    customer_id: 'c',
    customer_name: id,
    state: 'active',
    is_left_message: false,
    group_id: 'g',
    group_name: '',
    agent_id: ME,
    agent_name: '',
    consulted: [],
    opened_at: '2026-11-21T06:00:00Z',
    last_at: '2026-11-21T06:00:00Z',
    closed_at: null,
    last_number: 1,
    last_text: '',
    last_author: 'customer',
    unread: 0,
    waiting_since: null,
    answer_due_at: null,
    queued_at: null,
    queue_position: null,
    first_answer_seconds: null,
    window_expires_at: null,
    window_remaining: 0,
    rating: null,
    rating_comment: '',
    is_rating_invited: false,
    category: '',
    result: '',
    version: 1,
    ...part,
  }
}

function message(number: number, part: Partial<Message> = {}): Message {
  return {
    id: `m${number}`,
    conversation_id: 'one',
    number,
    author: { kind: 'customer', id: 'c', name: '' },
    is_note: false,
    kind: 'text',
    content: { content: String(number) },
    media_state: 'none',
    media_url: '',
    media_type: '',
    state: 'received',
    failure: '',
    push_id: '',
    client_id: '',
    sent_at: '',
    at: '',
    ...part,
  }
}

const log = (...numbers: number[]): Log => ({
  items: numbers.map((n) => message(n)),
  isStart: false,
  hasGap: false,
})
const numbers = (items: Message[]) => items.map((one) => one.number)
const changed = (one: Conversation): StreamEvent => ({
  id: 'chat:1',
  service: 'chat',
  name: 'conversation_changed',
  data: { conversation: one },
})
const page = (...items: Conversation[]): Page<Conversation>[] => [{ items, next: null }]
const scope = { box: 'mine' as const, me: ME, q: '' }

describe('a log', () => {
  it('takes the next message, replaces a known one, and never doubles', () => {
    let state = putMessage(log(1, 2), message(3))
    expect(numbers(state.items)).toEqual([1, 2, 3])
    state = putMessage(state, message(2, { state: 'sent' }))
    state = putMessage(state, message(3))
    expect(numbers(state.items)).toEqual([1, 2, 3])
    expect(state.items[1]!.state).toBe('sent')
    expect(state.hasGap).toBe(false)
  })

  it('says that something is missing instead of showing a hole', () => {
    const state = putMessage(log(1, 2), message(5))
    expect(numbers(state.items)).toEqual([1, 2])
    expect(state.hasGap).toBe(true)
  })

  it('leaves older numbers that are not loaded alone', () => {
    expect(numbers(putMessage(log(50, 51), message(10, { state: 'sent' })).items)).toEqual([50, 51])
  })

  it('never takes an answer that is older than what the stream told', () => {
    const told = (state: 'sending' | 'sent'): StreamEvent => ({
      id: 'chat:1',
      service: 'chat',
      name: 'message_changed',
      data: { message: message(2, { state }) },
    })
    const answered = message(2, { state: 'sending' })
    const held = putMessage(log(1), message(2, { state: 'sent' }))
    expect(addOwn(held, answered)).toBe(held)
    expect(numbers(addOwn(log(1), answered).items)).toEqual([1, 2])
    expect(newestOf(answered, [told('sending'), told('sent')]).state).toBe('sent')
    expect(newestOf(answered, [{ ...told('sent'), data: { message: message(3) } }])).toBe(answered)
    expect(newestOf(answered, null)).toBe(answered)
  })

  it('joins stretches that touch or overlap, and drops the old one when there is a hole', () => {
    expect(numbers(joinLogs(log(1, 2, 3).items, log(3, 4).items))).toEqual([1, 2, 3, 4])
    expect(numbers(joinLogs(log(1, 2).items, log(3, 4).items))).toEqual([1, 2, 3, 4])
    expect(numbers(joinLogs(log(1, 2).items, log(7, 8).items))).toEqual([7, 8])
    expect(numbers(joinLogs(log(3, 4, 5).items, log(1, 2, 3).items))).toEqual([1, 2, 3, 4, 5])
    expect(numbers(joinLogs([], log(1).items))).toEqual([1])
  })

  it('hears only its own conversation', () => {
    const event = { id: 'chat:9', service: 'chat', name: 'message_added', data: { message: message(3) } }
    expect(numbers(applyToLog(log(1, 2), event, 'one').items)).toEqual([1, 2, 3])
    expect(numbers(applyToLog(log(1, 2), event, 'other').items)).toEqual([1, 2])
  })
})

describe('a list', () => {
  it.each([
    ['mine', { agent_id: ME }, true],
    ['mine', { agent_id: 'x' }, false],
    ['mine', { agent_id: 'x', consulted: [{ kind: 'agent', id: ME, name: '' }] }, true],
    ['mine', { agent_id: ME, state: 'closed' }, false],
    ['queue', { agent_id: '', state: 'queued' }, true],
    ['queue', { state: 'active' }, false],
    ['closed', { state: 'closed' }, true],
    ['all', { agent_id: 'x' }, true],
  ] as const)('%s: %o → %s', (box, part, expected) => {
    expect(belongs(conversation('one', part as Partial<Conversation>), box, ME)).toBe(expected)
  })

  it('changes in place, adds what comes in, and drops what goes out', () => {
    let pages = page(conversation('one'))
    pages = applyToPages(pages, changed(conversation('one', { unread: 2, version: 2 })), scope)
    expect(pages[0]!.items.map((one) => one.unread)).toEqual([2])
    pages = applyToPages(pages, changed(conversation('two')), scope)
    expect(pages[0]!.items.map((one) => one.id)).toEqual(['two', 'one'])
    pages = applyToPages(pages, changed(conversation('one', { agent_id: 'x', version: 3 })), scope)
    expect(pages[0]!.items.map((one) => one.id)).toEqual(['two'])
    pages = applyToPages(
      pages,
      { id: 'chat:2', service: 'chat', name: 'conversation_removed', data: { conversation_id: 'two' } },
      scope,
    )
    expect(pages[0]!.items).toEqual([])
  })

  it('never goes back to an older version', () => {
    const pages = page(conversation('one', { version: 5, unread: 1 }))
    expect(applyToPages(pages, changed(conversation('one', { version: 4 })), scope)).toBe(pages)
  })

  it('adds nothing to a filtered list or a later page', () => {
    const pages = page(conversation('one'))
    expect(applyToPages(pages, changed(conversation('two')), { ...scope, q: 'x' })).toBe(pages)
    expect(applyToPages(pages, changed(conversation('two')), { ...scope, takesNew: false })).toBe(pages)
  })

  it('gives the same state again when an event is applied twice', () => {
    const events = [changed(conversation('two')), changed(conversation('one', { version: 2, unread: 4 }))]
    const once = events.reduce((pages, event) => applyToPages(pages, event, scope), page(conversation('one')))
    const twice = [...events, ...events].reduce(
      (pages, event) => applyToPages(pages, event, scope),
      page(conversation('one')),
    )
    expect(twice).toEqual(once)
  })

  it('orders mine by the newest message and the queue by the longest wait', () => {
    const early = conversation('early', {
      last_at: '2026-11-21T06:00:00Z',
      queued_at: '2026-11-21T05:00:00Z',
    })
    const late = conversation('late', { last_at: '2026-11-21T07:00:00Z', queued_at: '2026-11-21T06:30:00Z' })
    expect(order([early, late], 'mine').map((one) => one.id)).toEqual(['late', 'early'])
    expect(order([late, early], 'queue').map((one) => one.id)).toEqual(['early', 'late'])
  })

  it('holds still under the pointer', () => {
    expect(stableOrder(['a', 'b', 'c'], ['c', 'd', 'a'], true)).toEqual(['a', 'c', 'd'])
    expect(stableOrder(['a', 'b', 'c'], ['c', 'd', 'a'], false)).toEqual(['c', 'd', 'a'])
  })
})
