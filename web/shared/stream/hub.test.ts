import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../api/envelope'
import type { StreamEvent } from './event'
import { Hub, type Channel } from './hub'
import { readFrames } from './source'
import type { Frame } from './sse'

/** A server with one feed, whose streams can be cut. */
class Server {
  log: { seq: number; name: string; data: unknown }[] = []
  open = new Set<ReadableStreamDefaultController<Uint8Array>>()
  asked: (string | null)[] = []
  oldest = 0
  isAway = false
  private readonly text = new TextEncoder()

  connect = async function* (
    this: Server,
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<Frame[]> {
    this.asked.push(after)
    if (this.isAway) throw new ApiError({ status: 0, error: 'unreachable' })
    const from = after === null ? null : Number(after.split(':')[1])
    if (from !== null && from < this.oldest) throw new ApiError({ status: 410, error: 'resync' })
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.open.add(controller)
        signal.addEventListener('abort', () => {
          if (this.open.delete(controller)) controller.error(new Error('aborted'))
        })
        if (from === null)
          this.write(
            controller,
            `id: chat:${this.log.length}\nevent: ready\ndata: {"cursors":"chat:${this.log.length}"}\n\n`,
          )
        else this.log.slice(from).forEach((row) => this.write(controller, this.frame(row)))
      },
    })
    yield* readFrames(new Response(body, { status: 200 }))
  }.bind(this)

  private write(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    controller.enqueue(this.text.encode(text))
  }

  private frame(row: { seq: number; name: string; data: unknown }): string {
    return `id: chat:${row.seq}\nevent: message\ndata: ${JSON.stringify({ service: 'chat', ...row })}\n\n`
  }

  publish(name: string, data: unknown): void {
    const row = { seq: this.log.length + 1, name, data }
    this.log.push(row)
    this.open.forEach((controller) => this.write(controller, this.frame(row)))
  }

  pass(name: string, data: unknown): void {
    this.open.forEach((controller) =>
      this.write(controller, `event: hint\ndata: ${JSON.stringify({ service: 'chat', name, data })}\n\n`),
    )
  }

  cut(): void {
    this.open.forEach((controller) => controller.error(new Error('cut')))
    this.open.clear()
  }
}

/** What the tabs of one browser share: one lock and one channel. */
class Browser {
  private queue: (() => Promise<void>)[] = []
  private isHeld = false
  private readonly channels = new Set<Channel>()
  private readonly deaf = new Set<Channel>()

  lead = (held: (released: Promise<void>) => void, signal: AbortSignal): void => {
    this.queue.push(async () => {
      if (signal.aborted) return
      const released = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      held(released)
      await released
    })
    void this.next()
  }

  private async next(): Promise<void> {
    if (this.isHeld) return
    const turn = this.queue.shift()
    if (!turn) return
    this.isHeld = true
    await turn()
    this.isHeld = false
    void this.next()
  }

  channel(): Channel {
    const own: Channel = {
      onmessage: null,
      postMessage: (word) => {
        for (const other of this.channels) {
          if (other !== own && !this.deaf.has(other)) queueMicrotask(() => other.onmessage?.({ data: word }))
        }
      },
      close: () => this.channels.delete(own),
    }
    this.channels.add(own)
    return own
  }

  freeze(channel: Channel, isFrozen: boolean): void {
    if (isFrozen) this.deaf.add(channel)
    else this.deaf.delete(channel)
  }
}

class Tab {
  seen: unknown[] = []
  phases: string[] = []
  resyncs = 0
  isReady = false
  readonly channel: Channel
  readonly hub: Hub

  constructor(server: Server, browser: Browser) {
    this.channel = browser.channel()
    this.hub = new Hub(
      { now: () => Date.now(), open: server.connect, channel: this.channel, lead: browser.lead },
      {
        onEvent: (event: StreamEvent) => this.seen.push(event.data),
        onState: (phase) => this.phases.push(phase),
        onReady: () => (this.isReady = true),
        onResync: () => (this.resyncs += 1),
      },
    )
    this.hub.start()
  }
}

const settle = (ms = 5) => vi.advanceTimersByTimeAsync(ms)

describe('Hub', () => {
  let server: Server
  let browser: Browser
  let tabs: Tab[]

  beforeEach(async () => {
    vi.useFakeTimers()
    server = new Server()
    browser = new Browser()
    tabs = Array.from({ length: 8 }, () => new Tab(server, browser))
    await settle()
  })
  afterEach(() => {
    tabs.forEach((tab) => tab.hub.stop())
    vi.useRealTimers()
  })

  it('opens one stream for eight tabs, and all are live', async () => {
    expect(server.asked).toEqual([null])
    server.publish('said', 1)
    server.pass('typing', 'x')
    server.publish('said', 2)
    await settle()
    for (const tab of tabs) {
      expect(tab.isReady).toBe(true)
      expect(tab.seen).toEqual([1, 'x', 2])
      expect(tab.phases.at(-1)).toBe('live')
    }
  })

  it('replays what was missed from its cursor, once and in order', async () => {
    server.publish('said', 1)
    await settle()
    server.cut()
    server.publish('said', 2)
    server.publish('said', 3)
    await settle(30_000)
    for (const tab of tabs) expect(tab.seen).toEqual([1, 2, 3])
    expect(server.asked).toEqual([null, 'chat:1'])
    expect(tabs[0]!.phases).toContain('catching_up')
    expect(tabs[0]!.phases.at(-1)).toBe('live')
  })

  it('says offline when it stays away, and nudges at once', async () => {
    server.isAway = true
    server.cut()
    await settle(10_000)
    for (const tab of tabs) expect(tab.phases.at(-1)).toBe('offline')
    server.isAway = false
    server.publish('said', 1)
    tabs[5]!.hub.nudge()
    await settle(20)
    for (const tab of tabs) expect(tab.seen).toEqual([1])
  })

  it('passes the lead on without a gap when the leading tab closes', async () => {
    server.publish('said', 1)
    await settle()
    tabs.shift()!.hub.stop()
    server.publish('said', 2)
    await settle()
    expect(server.asked).toEqual([null, 'chat:1'])
    server.publish('said', 3)
    await settle()
    for (const tab of tabs) expect(tab.seen).toEqual([1, 2, 3])
  })

  it('asks for everything again after a too old cursor', async () => {
    server.publish('said', 1)
    await settle()
    server.cut()
    server.publish('said', 2)
    server.oldest = 2
    await settle(30_000)
    for (const tab of tabs) expect(tab.resyncs).toBe(1)
    server.publish('said', 3)
    await settle()
    for (const tab of tabs) expect(tab.seen).toEqual([1, 3])
  })

  it('lets a tab that slept through events read again instead of showing a gap', async () => {
    const sleeper = tabs[3]!
    browser.freeze(sleeper.channel, true)
    server.publish('said', 1)
    await settle()
    browser.freeze(sleeper.channel, false)
    server.publish('said', 2)
    await settle()
    expect(sleeper.resyncs).toBe(1)
    server.publish('said', 3)
    await settle()
    expect(sleeper.seen).toEqual([3])
    expect(tabs[0]!.resyncs).toBe(0)
  })

  it('tears down a line that is silent for too long', async () => {
    await settle(80_000)
    expect(server.asked.length).toBeGreaterThan(1)
  })
})
