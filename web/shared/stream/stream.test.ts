import { describe, expect, it } from 'vitest'
import { Journal } from './journal'
import { readLive } from './stream'
import { backoff } from './backoff'
import type { StreamEvent } from './event'

const event = (n: number): StreamEvent => ({ id: `chat:${n}`, service: 'chat', name: 'said', data: n })
const add = (state: number[], arrived: StreamEvent) =>
  state.includes(arrived.data) ? state : [...state, arrived.data]

describe('readLive', () => {
  it('applies what arrived while the page was read', async () => {
    const journal = new Journal()
    journal.add(event(1))
    const state = await readLive(
      { journal },
      async () => {
        const snapshot = [1]
        journal.add(event(2))
        return snapshot
      },
      add,
    )
    expect(state).toEqual([1, 2])
  })

  it('does not double what the page held already', async () => {
    const journal = new Journal()
    const read = async () => {
      journal.add(event(1))
      return [1]
    }
    expect(await readLive({ journal }, read, add)).toEqual([1])
  })

  it('reads again when more arrived than is kept', async () => {
    const journal = new Journal(3)
    let reads = 0
    const read = async () => {
      if (reads++ === 0) for (let n = 1; n < 10; n++) journal.add(event(n))
      return [9]
    }
    expect(await readLive({ journal }, read, add)).toEqual([9])
    expect(reads).toBe(2)
  })
})

describe('backoff', () => {
  it('doubles up to a ceiling, with jitter', () => {
    expect(backoff(0, () => 0)).toBe(250)
    expect(backoff(0, () => 1)).toBe(500)
    expect(backoff(3, () => 1)).toBe(4000)
    expect(backoff(50, () => 1)).toBe(20_000)
  })
})
