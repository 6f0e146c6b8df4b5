import { beforeEach, describe, expect, it } from 'vitest'
import type { StreamEvent } from '@shared/stream/event'
import type { PhoneEvent } from '../api/types'
import { duration, isComplete, lag, PathBuilder, type Path } from './paths'

const T0 = Date.parse('2026-11-21T06:00:00.000Z')
const iso = (milliseconds: number) => new Date(T0 + milliseconds).toISOString()
let builder: PathBuilder
let numbers: number

beforeEach(() => {
  builder = new PathBuilder('p1', () => 'o1')
  numbers = 0
})

function onPhone(from: 'user' | 'account', id: string, content: string, at: number): PhoneEvent {
  const message = { id, number: 1, from, kind: 'text', content: { content }, state: 'sent', at: iso(at) }
  return { number: ++numbers, phone_id: 'p1', appid: 'wx', name: 'message_added', data: { message } }
}

function feed(service: string, name: string, data: Record<string, unknown>): StreamEvent {
  return { id: `${service}:${++numbers}`, service, name, data }
}

const received = (push: string, content: string) =>
  feed('wechat', 'message_received', { push_id: push, openid: 'o1', kind: 'text', content: { content } })
const dispatched = (push: string, outcome: string, replies: unknown[] = []) =>
  feed('wechat', 'message_dispatched', { push_id: push, openid: 'o1', outcome, provider: 'x', replies })
const chatMessage = (changes: Record<string, unknown>) =>
  feed('chat', 'message_added', {
    message: {
      id: 'c1',
      conversation_id: 'k1',
      author: { kind: 'customer', id: '', name: 'Li' },
      is_note: false,
      kind: 'text',
      content: { content: 'brakes' },
      state: 'received',
      failure: '',
      push_id: 'push1',
      at: iso(0),
      ...changes,
    },
  })
const assigned = () =>
  feed('chat', 'conversation_changed', {
    conversation: { id: 'k1', openid: 'o1', agent_id: 'a1', agent_name: 'An' },
  })
const names = (path: Path) => path.steps.map((step) => step.name)

function inbound(): Path {
  builder.takePhone(onPhone('user', 'm1', 'brakes', 0), T0)
  builder.takeFeed(received('push1', 'brakes'), T0 + 5)
  builder.takeFeed(dispatched('push1', 'human'), T0 + 9)
  builder.takeFeed(chatMessage({}), T0 + 20)
  builder.takeFeed(assigned(), T0 + 22)
  return builder.paths[0]!
}

describe('the way of a message', () => {
  it('goes from the phone to the agent, with the times between', () => {
    const path = inbound()
    expect(builder.paths).toHaveLength(1)
    expect(names(path)).toEqual(['phone', 'stored', 'routed', 'conversation', 'agent'])
    expect(path.steps.map((_, index) => lag(path, index))).toEqual([null, 5, 4, 11, 2])
    expect(duration(path)).toBe(22)
    expect(isComplete(path)).toBe(true)
  })

  it('is the same in whatever order the streams tell it, and told twice', () => {
    const events = [received('push1', 'brakes'), dispatched('push1', 'human'), chatMessage({}), assigned()]
    events.forEach((event, index) => builder.takeFeed(event, T0 + 5 + index))
    builder.takePhone(onPhone('user', 'm1', 'brakes', 0), T0 + 50)
    builder.takePhone(onPhone('user', 'm1', 'brakes', 0), T0 + 60)
    events.forEach((event) => builder.takeFeed(event, T0 + 900))
    expect(builder.paths).toHaveLength(1)
    expect(names(builder.paths[0]!)).toEqual(['phone', 'stored', 'routed', 'conversation', 'agent'])
    expect(duration(builder.paths[0]!)).toBe(8)
  })

  it('takes the times that are told over those of this page', () => {
    const path = inbound()
    const steps = [
      { name: 'stored', at: iso(3) },
      { name: 'assigned', at: iso(21), detail: { agent_name: 'An' } },
      { name: 'unheard_of', at: iso(1) },
    ]
    builder.takeServed(path, steps)
    builder.takeFeed(received('push1', 'brakes'), T0 + 500)
    expect(path.steps[1]).toMatchObject({ name: 'stored', at: T0 + 3 })
    expect(path.steps[4]).toMatchObject({ name: 'agent', at: T0 + 21, detail: 'An' })
    expect(path.steps).toHaveLength(5)
  })

  it('keeps the time of the event where it has one', () => {
    builder.takePhone(onPhone('user', 'm1', 'brakes', 0), T0)
    const event = received('push1', 'brakes')
    builder.takeFeed({ ...event, data: { ...event.data, at: iso(4) } }, T0 + 90)
    builder.takeServed(builder.paths[0]!, [{ name: 'stored', at: iso(1) }])
    expect(builder.paths[0]!.steps[1]).toMatchObject({ name: 'stored', at: T0 + 4 })
  })

  it('reaches the agent at once when the conversation is in his hands', () => {
    inbound()
    builder.takePhone(onPhone('user', 'm2', 'again', 100), T0)
    builder.takeFeed(received('push2', 'again'), T0 + 105)
    builder.takeFeed(chatMessage({ id: 'c3', push_id: 'push2' }), T0 + 108)
    expect(names(builder.paths[1]!)).toEqual(['phone', 'stored', 'conversation', 'agent'])
  })

  it('tells two messages with the same words apart', () => {
    builder.takePhone(onPhone('user', 'm1', 'hello', 0), T0)
    builder.takePhone(onPhone('user', 'm2', 'hello', 10), T0)
    builder.takeFeed(received('push1', 'hello'), T0 + 15)
    builder.takeFeed(received('push2', 'hello'), T0 + 16)
    expect(builder.paths.map((path) => [path.phoneMessageId, path.pushId])).toEqual([
      ['m1', 'push1'],
      ['m2', 'push2'],
    ])
  })

  it('leaves other phones and other customers out', () => {
    builder.takePhone({ ...onPhone('user', 'm1', 'x', 0), phone_id: 'p2' }, T0)
    builder.takeFeed(feed('wechat', 'message_received', { push_id: 'x', openid: 'o2', kind: 'text' }), T0)
    builder.takeFeed(
      chatMessage({ id: 'c9', conversation_id: 'k9', author: { kind: 'agent', name: 'B' } }),
      T0,
    )
    expect(builder.paths).toHaveLength(0)
  })
})

describe('the way of an answer', () => {
  const answer = (changes: Record<string, unknown> = {}) =>
    chatMessage({
      id: 'c2',
      push_id: '',
      author: { kind: 'agent', id: 'a1', name: 'An' },
      content: { content: 'Which speed?' },
      state: 'sending',
      at: iso(100),
      ...changes,
    })

  it('goes from the agent to the phone', () => {
    inbound()
    builder.takeFeed(answer(), T0 + 103)
    builder.takeFeed(answer({ state: 'sent' }), T0 + 140)
    builder.takePhone(onPhone('account', 'm2', 'Which speed?', 139), T0)
    const path = builder.paths[1]!
    expect(path).toMatchObject({ direction: 'out', author: 'An' })
    expect(names(path)).toEqual(['agent', 'sending', 'sent', 'phone'])
    expect(isComplete(path)).toBe(true)
  })

  it('shows where it failed, and is no answer when it is a note', () => {
    inbound()
    builder.takeFeed(answer({ is_note: true }), T0)
    expect(builder.paths).toHaveLength(1)
    builder.takeFeed(answer({ state: 'failed', failure: 'window_closed' }), T0 + 130)
    expect(builder.paths[1]!.steps.pop()).toMatchObject({ name: 'failed', detail: 'window_closed' })
  })

  it('of the platform itself is one way, though two services tell of it', () => {
    const followed = {
      number: 1,
      phone_id: 'p1',
      appid: 'wx',
      name: 'follow_changed',
      data: { is_following: true },
    }
    builder.takePhone(followed, T0)
    builder.takeFeed(
      feed('wechat', 'event_received', { push_id: 'push0', openid: 'o1', event: 'subscribe' }),
      T0 + 4,
    )
    const reply = { id: 'r1', kind: 'text', content: { content: 'Welcome' } }
    builder.takeFeed(dispatched('push0', 'handled', [reply]), T0 + 6)
    builder.takeFeed(dispatched('push0', 'handled', [reply]), T0 + 6)
    builder.takeFeed(
      chatMessage({
        id: 'c7',
        push_id: '',
        author: { kind: 'bot', id: 'greeting', name: '' },
        content: reply.content,
      }),
      T0 + 7,
    )
    builder.takeFeed(feed('wechat', 'message_sent', { message_id: 'r1', openid: 'o1' }), T0 + 9)
    builder.takePhone(onPhone('account', 'm1', 'Welcome', 8), T0)
    expect(builder.paths.map((path) => [path.kind, ...names(path)])).toEqual([
      ['event:subscribe', 'phone', 'stored', 'routed'],
      ['text', 'sending', 'sent', 'phone'],
    ])
    expect(builder.paths.every(isComplete)).toBe(true)
  })
})
