import { describe, expect, it } from 'vitest'
import { ApiError } from '@shared/api/envelope'
import type { Frame } from '@shared/stream/sse'
import type { PhoneEvent } from '../api/types'
import { cursorNumber, PhoneSource, type Lines } from './source'

const event = (number: number): PhoneEvent => ({
  number,
  phone_id: 'p',
  appid: 'wx',
  name: 'typing',
  data: {},
})
const frame = (number: number): Frame => ({
  id: String(number),
  event: 'message',
  data: JSON.stringify(event(number)),
})

interface Script {
  streams?: (Frame[][] | Error)[]
  polls?: { items: PhoneEvent[]; number: number }[]
}

function scripted(script: Script): Lines & { asked: (number | null)[] } {
  const asked: (number | null)[] = []
  return {
    asked,
    async *stream(query) {
      asked.push(query.after)
      const next = script.streams!.shift()!
      if (next instanceof Error) throw next
      yield* next
    },
    poll(query) {
      asked.push(query.after)
      const next = script.polls!.shift()
      return next ? Promise.resolve(next) : Promise.reject(new ApiError({ status: 0, error: 'unreachable' }))
    },
  }
}

async function read(source: PhoneSource, after: string | null): Promise<(string | null)[]> {
  const ids: (string | null)[] = []
  try {
    for await (const frames of source.open(after, new AbortController().signal)) {
      ids.push(...frames.map((one) => one.id))
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
  return ids
}

describe('the cursor', () => {
  it.each([
    ['phones:812', 812],
    ['chat:3', null],
    [null, null],
  ])('%s is read as %s', (text, number) => {
    expect(cursorNumber(text)).toBe(number)
  })
})

describe('the stream of the phones', () => {
  it('asks after the number it has, and numbers each event', async () => {
    const lines = scripted({ streams: [[[], [frame(5)], [frame(9)]]] })
    const source = new PhoneSource(() => ['p'], false, lines)
    expect(await read(source, 'phones:4')).toEqual(['phones:5', 'phones:9'])
    expect(lines.asked).toEqual([4])
    expect(source.isPolling).toBe(false)
  })

  it('takes its first number from the word of readiness', async () => {
    const ready: Frame = { id: null, event: 'ready', data: '{"number":31}' }
    const source = new PhoneSource(() => ['p'], false, scripted({ streams: [[[], [ready]]] }))
    expect(await read(source, null)).toEqual(['phones:31'])
  })

  it('polls from the same number when streams come to nothing twice', async () => {
    const lines = scripted({ streams: [[[]], [[]]], polls: [{ items: [event(5)], number: 7 }] })
    const source = new PhoneSource(() => ['p'], false, lines)
    await read(source, 'phones:4')
    expect(source.isPolling).toBe(false)
    await read(source, 'phones:4')
    expect(source.isPolling).toBe(true)
    expect(await read(source, 'phones:4')).toEqual(['phones:5', 'phones:7'])
    expect(lines.asked).toEqual([4, 4, 4, 7])
  })

  it('polls at once when a stream is refused, but not when the server is away', async () => {
    const away = new PhoneSource(
      () => ['p'],
      false,
      scripted({ streams: [0, 0, 0].map(() => new ApiError({ status: 0, error: 'unreachable' })) }),
    )
    for (let tries = 0; tries < 3; tries++) await read(away, 'phones:1')
    expect(away.isPolling).toBe(false)
    const refused = new PhoneSource(
      () => ['p'],
      false,
      scripted({ streams: [new ApiError({ status: 406, error: 'not_acceptable' })] }),
    )
    await read(refused, 'phones:1')
    expect(refused.isPolling).toBe(true)
  })

  it('passes on that everything must be read again', async () => {
    const resync: Frame = { id: null, event: 'resync', data: '{}' }
    const source = new PhoneSource(() => ['p'], false, scripted({ streams: [[[], [resync]]] }))
    const events: string[] = []
    for await (const frames of source.open('phones:1', new AbortController().signal)) {
      events.push(...frames.map((one) => one.event))
    }
    expect(events).toEqual(['resync'])
  })
})
