import { Connection, type ConnectionHooks, type Phase } from './connection'
import { covers, furthest, judge, type Cursors } from './cursors'
import type { StreamEvent } from './event'

/** What tabs tell each other. */
type Word =
  | { kind: 'hello' }
  | { kind: 'state'; phase: Phase; since: number | null; cursors: Cursors | null }
  | { kind: 'event'; event: StreamEvent; before: Cursors; after: Cursors }
  | { kind: 'resync' }
  | { kind: 'nudge' }

export interface Channel {
  postMessage(word: Word): void
  onmessage: ((message: { data: Word }) => void) | null
  close(): void
}

export interface HubWorld extends Pick<ConnectionHooks, 'open' | 'now'> {
  channel: Channel | null
  /** Runs `held` while this tab is the one that leads; null where the browser has no Web Locks. */
  lead: ((held: (released: Promise<void>) => void, signal: AbortSignal) => void) | null
}

export interface HubHooks {
  onEvent(event: StreamEvent): void
  onState(phase: Phase, since: number | null): void
  /** Cursors are known: pages may be read now. */
  onReady(): void
  /** Events were missed: everything on screen must be read again. */
  onResync(): void
}

/**
 * One event stream a browser. The tab that leads opens it and tells the others; a tab that follows checks by
 * cursors that it missed nothing, and goes on from its own cursors when the lead passes to it.
 */
export class Hub {
  cursors: Cursors | null = null
  phase: Phase = 'starting'
  since: number | null = null
  private connection: Connection | null = null
  private readonly ending = new AbortController()

  constructor(
    private readonly world: HubWorld,
    private readonly hooks: HubHooks,
  ) {}

  get leads(): boolean {
    return this.connection !== null
  }

  start(): void {
    const { channel, lead } = this.world
    if (channel) {
      channel.onmessage = (message) => this.hear(message.data)
      channel.postMessage({ kind: 'hello' })
    }
    if (lead) lead(() => this.open(), this.ending.signal)
    else this.open()
  }

  stop(): void {
    this.ending.abort()
    this.connection?.stop()
    this.connection = null
    this.world.channel?.close()
  }

  nudge(): void {
    if (this.connection) this.connection.nudge()
    else this.tell({ kind: 'nudge' })
  }

  lost(): void {
    this.connection?.lost()
  }

  private tell(word: Word): void {
    this.world.channel?.postMessage(word)
  }

  private tellState(): void {
    this.tell({ kind: 'state', phase: this.phase, since: this.since, cursors: this.cursors })
  }

  private turn(phase: Phase, since: number | null): void {
    this.phase = phase
    this.since = since
    this.hooks.onState(phase, since)
  }

  private open(): void {
    this.connection = new Connection(
      {
        open: this.world.open,
        now: this.world.now,
        onEvent: (event, before, after) => {
          this.cursors = after
          this.tell({ kind: 'event', event, before, after })
          this.hooks.onEvent(event)
        },
        onPhase: (phase) => {
          this.turn(phase, phase === 'offline' ? (this.since ?? this.world.now()) : null)
          this.tellState()
        },
        onReady: (cursors) => {
          this.cursors = cursors
          this.tellState()
          this.hooks.onReady()
        },
        onResync: () => {
          this.cursors = null
          this.tell({ kind: 'resync' })
          this.hooks.onResync()
        },
      },
      this.cursors,
    )
    this.connection.start()
  }

  private hear(word: Word): void {
    if (word.kind === 'hello') {
      if (this.leads) this.tellState()
    } else if (word.kind === 'nudge') {
      this.connection?.nudge()
    } else if (this.leads) {
      return
    } else if (word.kind === 'resync') {
      this.cursors = null
      this.hooks.onResync()
    } else if (word.kind === 'state') {
      this.hearState(word)
    } else {
      this.hearEvent(word)
    }
  }

  private hearState(word: Extract<Word, { kind: 'state' }>): void {
    if (word.cursors && this.cursors === null) {
      this.cursors = word.cursors
      this.hooks.onReady()
    } else if (word.cursors && this.cursors && !covers(this.cursors, word.cursors)) {
      this.miss(word.cursors)
    }
    this.turn(word.phase, word.since)
  }

  private hearEvent(word: Extract<Word, { kind: 'event' }>): void {
    if (this.cursors === null) {
      this.cursors = word.after
      this.hooks.onReady()
      return
    }
    if (word.event.id === '') {
      this.hooks.onEvent(word.event)
      return
    }
    const verdict = judge(this.cursors, word.before, word.after)
    if (verdict === 'gap') this.miss(word.after)
    else if (verdict === 'apply') {
      this.cursors = word.after
      this.hooks.onEvent(word.event)
    }
  }

  private miss(cursors: Cursors): void {
    this.cursors = furthest(this.cursors ?? {}, cursors)
    this.hooks.onResync()
  }
}
