import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '@shared/api/envelope'
import type { Draft } from '../api/emulator'
import type { Message } from '../api/types'
import { Outbox, type OutboxWorld } from './outbox'

const away = () => new ApiError({ status: 0, error: 'unreachable' })
const text = (content: string) => ({ phoneId: 'p', appid: 'wx', kind: 'text', content: { content } })

let shown: Message[]
let sent: Draft[]
let failures: (Error | null)[]
let uploads: number
let forgotten: string[]
let outbox: Outbox

beforeEach(() => {
  shown = []
  sent = []
  failures = []
  uploads = 0
  forgotten = []
  let keys = 0
  const world: OutboxWorld = {
    upload: () => Promise.resolve({ media_id: `media${++uploads}`, url: '/x', format: 'webm' }),
    send(_, draft) {
      sent.push(draft)
      const failure = failures.shift()
      if (failure) return Promise.reject(failure)
      const { kind, content } = draft
      return Promise.resolve({
        id: `m-${draft.client_id}`,
        number: sent.length,
        from: 'user',
        kind,
        content,
        state: 'sent',
        at: '2026-11-21T06:00:00Z',
      })
    },
    show: (_, __, message) => shown.push(message),
    forget: (preview) => forgotten.push(preview),
    newKey: () => `key${++keys}`,
    now: () => '2026-11-21T06:00:00Z',
    wait: () => Promise.resolve(),
  }
  outbox = new Outbox(world)
})

const states = () => shown.map((message) => message.state)

describe('a message on its way', () => {
  it('is shown at once, then as sent', async () => {
    await outbox.send(text('a'))
    expect(states()).toEqual(['sending', 'sent'])
    expect(shown[1]!.client_id).toBe('key1')
    expect(outbox.has('key1')).toBe(false)
  })

  it('is tried again with the same key while the network is away', async () => {
    failures = [away(), away(), null]
    await outbox.send(text('a'))
    expect(sent.map((draft) => draft.client_id)).toEqual(['key1', 'key1', 'key1'])
    expect(states()).toEqual(['sending', 'sent'])
  })

  it('gives up after three tries, and goes again on demand', async () => {
    failures = [away(), away(), away()]
    await outbox.send(text('a'))
    expect(states()).toEqual(['sending', 'unsent'])
    await outbox.retry('key1')
    expect(states()).toEqual(['sending', 'unsent', 'sending', 'sent'])
    expect(new Set(sent.map((draft) => draft.client_id)).size).toBe(1)
  })

  it('is not tried again when it is refused, and says why', async () => {
    failures = [new ApiError({ status: 409, error: 'not_following', message: 'Not followed' })]
    await outbox.send(text('a'))
    expect(sent).toHaveLength(1)
    expect(shown[1]).toMatchObject({ state: 'unsent', error: 'Not followed' })
  })

  it('keeps its place in the order of its chat, and a failed one holds up no other', async () => {
    failures = [away(), away(), away(), null]
    await Promise.all([outbox.send(text('a')), outbox.send(text('b'))])
    expect(sent.map((draft) => draft.content.content)).toEqual(['a', 'a', 'a', 'b'])
    expect(states()).toEqual(['sending', 'sending', 'unsent', 'sent'])
  })

  it('uploads its file once over all tries', async () => {
    failures = [away(), null]
    const file = { body: new Blob(['x']), name: 'voice.webm', preview: 'blob:1' }
    await outbox.send({ phoneId: 'p', appid: 'wx', kind: 'voice', content: { duration_seconds: 3 }, file })
    expect(uploads).toBe(1)
    expect(sent[1]).toMatchObject({ media_id: 'media1', content: { duration_seconds: 3, format: 'webm' } })
    expect(shown[0]!.media_url).toBe('blob:1')
    expect(forgotten).toEqual(['blob:1'])
  })
})
