import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '@shared/api/envelope'
import type { Message, NewMessage } from '../types'
import { Outbox, type Outgoing, type OutboxWorld } from './outbox'

/** A server that keeps what it is sent, once a key, and fails as told. */
class Server {
  kept = new Map<string, { conversationId: string; message: NewMessage }>()
  failures: ApiError[] = []
  tries = 0
  /** Takes the message, but the answer is lost on the way. */
  losesAnswer = false

  send = async (conversationId: string, message: NewMessage): Promise<Message> => {
    this.tries += 1
    const failure = this.failures.shift()
    if (failure) throw failure
    this.kept.set(message.client_id, { conversationId, message })
    if (this.losesAnswer) {
      this.losesAnswer = false
      throw new ApiError({ status: 0, error: 'unreachable' })
    }
    return {
      id: `m-${message.client_id}`,
      conversation_id: conversationId,
      client_id: message.client_id,
    } as Message
  }
}

const item = (clientId: string, part: Partial<Outgoing> = {}) => ({
  clientId,
  conversationId: 'one',
  kind: 'text' as const,
  text: clientId,
  isNote: false,
  preview: '',
  file: '',
  ...part,
})
const turns = async (count = 40) => {
  for (let n = 0; n < count; n++) await Promise.resolve()
}

describe('Outbox', () => {
  let server: Server
  let sent: string[]
  let states: string[]
  let waits: number
  let uploads: number
  let outbox: Outbox
  let world: OutboxWorld

  beforeEach(() => {
    server = new Server()
    sent = []
    states = []
    waits = 0
    uploads = 0
    world = {
      send: server.send,
      upload: async () => `file-${++uploads}`,
      onSent: (message) => sent.push(message.client_id),
      onChange: (items) => states.push(items.map((one) => `${one.clientId}:${one.state}`).join(' ')),
      explain: (error) => (error as ApiError).error,
      wait: async () => {
        waits += 1
      },
      now: () => 0,
    }
    outbox = new Outbox(world)
  })

  it('goes waiting → sending → gone', async () => {
    outbox.add(item('a'))
    await turns()
    expect(states).toEqual(['a:waiting', 'a:sending', ''])
    expect(sent).toEqual(['a'])
  })

  it('sends in the order written, one at a time', async () => {
    outbox.add(item('a'))
    outbox.add(item('b'))
    outbox.add(item('c'))
    await turns(80)
    expect([...server.kept.keys()]).toEqual(['a', 'b', 'c'])
    expect(states.some((line) => (line.match(/sending/g) ?? []).length > 1)).toBe(false)
  })

  it('keeps trying through a lost network, and what was lost twice is there once', async () => {
    server.failures = [
      new ApiError({ status: 0, error: 'unreachable' }),
      new ApiError({ status: 503, error: 'away' }),
    ]
    server.losesAnswer = true
    outbox.add(item('a'))
    outbox.add(item('b'))
    await turns(200)
    expect(server.tries).toBe(5)
    expect(waits).toBe(3)
    expect([...server.kept.keys()]).toEqual(['a', 'b'])
    expect(outbox.list()).toEqual([])
  })

  it('stays failed with the reason until sent again with the same key', async () => {
    server.failures = [new ApiError({ status: 409, error: 'window_closed' })]
    outbox.add(item('a'))
    outbox.add(item('b'))
    await turns(80)
    expect(outbox.list()).toMatchObject([{ clientId: 'a', state: 'failed', reason: 'window_closed' }])
    expect([...server.kept.keys()]).toEqual(['b'])
    outbox.retry('a')
    await turns()
    expect([...server.kept.keys()]).toEqual(['b', 'a'])
    expect(outbox.list()).toEqual([])
  })

  it('drops a failed one when told, never one under way', async () => {
    server.failures = [new ApiError({ status: 422, error: 'invalid' })]
    outbox.add(item('a'))
    await turns()
    outbox.drop('a')
    expect(outbox.list()).toEqual([])
  })

  it('uploads a picture once, even when sending it must be tried again', async () => {
    server.failures = [new ApiError({ status: 0, error: 'unreachable' })]
    outbox.add(item('a', { kind: 'image' }))
    await turns(80)
    expect(uploads).toBe(1)
    expect(server.kept.get('a')!.message.content).toEqual({ file: 'file-1', content: '' })
  })

  it('keeps each message with the conversation it was written in', async () => {
    outbox.add(item('a', { conversationId: 'one' }))
    outbox.add(item('b', { conversationId: 'two', isNote: true }))
    await turns(80)
    expect(server.kept.get('a')!.conversationId).toBe('one')
    expect(server.kept.get('b')).toMatchObject({ conversationId: 'two', message: { is_note: true } })
  })

  it('goes on after a reload with what was under way', async () => {
    const again = new Outbox(world, [
      { ...item('a'), state: 'sending', reason: '', at: 0 },
      { ...item('b'), state: 'failed', reason: 'x', at: 0 },
    ])
    again.resume()
    await turns()
    expect([...server.kept.keys()]).toEqual(['a'])
    expect(again.list()).toMatchObject([{ clientId: 'b', state: 'failed' }])
  })

  it('is settled by the stream when the answer never comes', async () => {
    server.failures = Array.from({ length: 50 }, () => new ApiError({ status: 0, error: 'unreachable' }))
    outbox.add(item('a'))
    await turns(4)
    outbox.settle('a')
    expect(outbox.list()).toEqual([])
  })
})
