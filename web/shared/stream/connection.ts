import { ApiError } from '../api/envelope'
import { backoff } from './backoff'
import { formatCursors, furthest, parseCursors, type Cursors } from './cursors'
import type { StreamEvent } from './event'
import type { Frame } from './sse'

export type Phase = 'starting' | 'live' | 'catching_up' | 'offline'

export interface ConnectionHooks {
  /**
   * Opens the stream after these cursors (null: from now on); throws ApiError. Each chunk is a sign of life,
   * the first says that the line stands; a chunk may hold no frame.
   */
  open(after: string | null, signal: AbortSignal): AsyncIterable<Frame[]>
  onEvent(event: StreamEvent, before: Cursors, after: Cursors): void
  onPhase(phase: Phase): void
  /** The first cursors of a fresh stream. */
  onReady(cursors: Cursors): void
  /** The server no longer knows our cursors: everything must be read again. */
  onResync(): void
  now(): number
}

/** No byte for this long means that the line is dead, whatever the socket says (heartbeats come below 60 s). */
const SILENCE_MS = 70_000
const QUIET_MS = 1_200
const WATCH_MS = 5_000

/** Keeps one event stream open, across lost networks, sleep and too old cursors. */
export class Connection {
  cursors: Cursors | null
  phase: Phase = 'starting'
  private stopped = false
  private attempt = 0
  private lastByte = 0
  private abort: AbortController | null = null
  private wake: (() => void) | null = null
  private quiet: ReturnType<typeof setTimeout> | undefined
  private watch: ReturnType<typeof setInterval> | undefined

  constructor(
    private readonly hooks: ConnectionHooks,
    cursors: Cursors | null,
  ) {
    this.cursors = cursors
  }

  start(): void {
    this.lastByte = this.hooks.now()
    let lastTick = this.hooks.now()
    this.watch = setInterval(() => {
      const now = this.hooks.now()
      const slept = now - lastTick > WATCH_MS * 4
      lastTick = now
      if (slept || now - this.lastByte > SILENCE_MS) this.nudge()
    }, WATCH_MS)
    void this.run()
  }

  stop(): void {
    this.stopped = true
    clearInterval(this.watch)
    clearTimeout(this.quiet)
    this.abort?.abort()
    this.wake?.()
  }

  /** Tries at once: on "online", on wake from sleep, on a button. */
  nudge(): void {
    this.attempt = 0
    this.lastByte = this.hooks.now()
    if (this.wake) this.wake()
    else this.abort?.abort()
  }

  /** The browser says that the network is gone. */
  lost(): void {
    this.abort?.abort()
    this.turn('offline')
  }

  private turn(phase: Phase): void {
    if (this.stopped || this.phase === phase) return
    this.phase = phase
    this.hooks.onPhase(phase)
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const abort = new AbortController()
      this.abort = abort
      try {
        const after = this.cursors ? formatCursors(this.cursors) : null
        let isFirst = true
        for await (const frames of this.hooks.open(after, abort.signal)) {
          if (this.stopped) return
          this.lastByte = this.hooks.now()
          if (isFirst && after !== null) this.turn('catching_up')
          if (!isFirst) this.attempt = 0
          isFirst = false
          if (!frames.every((frame) => this.take(frame))) break
          this.expectQuiet()
        }
      } catch (error) {
        if (this.stopped) return
        if (error instanceof ApiError && error.error === 'resync') {
          this.resync()
          continue
        }
        if (error instanceof ApiError && error.status === 401) {
          this.turn('offline')
          this.stop()
          return
        }
      }
      clearTimeout(this.quiet)
      if (this.stopped) return
      if (this.attempt > 0 || !this.isOnline()) this.turn('offline')
      await this.pause(backoff(this.attempt++))
    }
  }

  private isOnline(): boolean {
    return typeof navigator === 'undefined' || navigator.onLine !== false
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.wake = null
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      this.wake = done
    })
  }

  /** A replay ends when nothing more comes for a moment. */
  private expectQuiet(): void {
    clearTimeout(this.quiet)
    if (this.phase === 'live' || this.cursors === null) return
    this.quiet = setTimeout(() => this.turn('live'), QUIET_MS)
  }

  private resync(): void {
    this.cursors = null
    this.hooks.onResync()
  }

  private take(frame: Frame): boolean {
    if (frame.event === 'resync') {
      this.resync()
      return false
    }
    const word = (frame.data ? JSON.parse(frame.data) : {}) as Partial<StreamEvent> & { cursors?: string }
    if (frame.event === 'ready') {
      const first = this.cursors === null
      this.cursors = furthest(this.cursors ?? {}, parseCursors(frame.id ?? word.cursors ?? ''))
      if (first) this.hooks.onReady(this.cursors)
      this.turn('live')
      return true
    }
    const before = this.cursors ?? {}
    const after = frame.id ? furthest(before, parseCursors(frame.id)) : before
    this.cursors = after
    const event = { id: frame.id ?? '', service: word.service ?? '', name: word.name ?? '', data: word.data }
    this.hooks.onEvent(event, before, after)
    return true
  }
}
