import { ref } from 'vue'
import { ApiError } from '../api/envelope'
import type { StreamEvent } from './event'
import { Hub, type Channel, type HubWorld } from './hub'
import { Journal } from './journal'
import { pollFrames, streamFrames } from './source'
import type { Phase } from './connection'

const LATE_MS = 2500

type Listener = (event: StreamEvent) => void

export interface StreamPlan {
  /** `console`, `phone`, …: part of the name of lock and channel. */
  app: string
  sessionId: string
  /** The address of the merged stream. */
  path: string
  /** Whose feeds: `chat,crm`. */
  services: string
}

/** The reactive face of the one stream of this browser. */
export class LiveStream {
  readonly journal = new Journal()
  readonly phase = ref<Phase>('starting')
  /** When the stream was lost, in this machine's milliseconds. */
  readonly since = ref<number | null>(null)
  /** Pages may be read: the cursors are known, or the stream is so late that old facts are better than none. */
  readonly mayRead = ref(false)
  /** No Web Locks here: every tab asks for itself. */
  readonly isAlone = ref(false)
  private hub: Hub | null = null
  private readonly listeners = new Set<Listener>()
  private readonly resyncs = new Set<() => void>()
  private readonly undo: (() => void)[] = []
  private isReady = false

  start(plan: StreamPlan): void {
    this.stop()
    const name = `guanjia-stream:${plan.app}:${plan.sessionId}`
    const hasLocks = typeof navigator.locks !== 'undefined' && typeof BroadcastChannel !== 'undefined'
    this.isAlone.value = !hasLocks
    const world: HubWorld = {
      now: () => Date.now(),
      open: (after, signal) =>
        (hasLocks ? streamFrames : pollFrames)(plan.path, plan.services, after, signal),
      channel: hasLocks ? (new BroadcastChannel(name) as unknown as Channel) : null,
      lead: hasLocks ? (held, signal) => leadUnderLock(name, held, signal) : null,
    }
    const hub = new Hub(world, {
      onEvent: (event) => {
        this.journal.add(event)
        this.listeners.forEach((listener) => listener(event))
      },
      onState: (phase, since) => {
        this.phase.value = phase
        this.since.value = since
      },
      onReady: () => {
        const isLate = this.mayRead.value && !this.isReady
        this.isReady = true
        this.mayRead.value = true
        // What was read before the cursors were known may have missed events.
        if (isLate) this.resyncs.forEach((resync) => resync())
      },
      onResync: () => {
        this.resyncs.forEach((resync) => resync())
      },
    })
    this.hub = hub
    this.watchWorld(hub)
    const late = setTimeout(() => (this.mayRead.value = true), LATE_MS)
    this.undo.push(() => clearTimeout(late))
    hub.start()
  }

  stop(): void {
    this.undo.splice(0).forEach((undo) => undo())
    this.hub?.stop()
    this.hub = null
    this.isReady = false
    this.mayRead.value = false
    this.phase.value = 'starting'
    this.since.value = null
  }

  nudge(): void {
    this.hub?.nudge()
  }

  onEvent(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Runs when events may have been missed: whatever is on screen must be read again. */
  onResync(resync: () => void): () => void {
    this.resyncs.add(resync)
    return () => this.resyncs.delete(resync)
  }

  private watchWorld(hub: Hub): void {
    const online = () => hub.nudge()
    const offline = () => hub.lost()
    const seen = () => {
      if (document.visibilityState === 'visible' && hub.phase !== 'live') hub.nudge()
    }
    window.addEventListener('online', online)
    window.addEventListener('offline', offline)
    document.addEventListener('visibilitychange', seen)
    this.undo.push(() => {
      window.removeEventListener('online', online)
      window.removeEventListener('offline', offline)
      document.removeEventListener('visibilitychange', seen)
    })
  }
}

function leadUnderLock(name: string, held: (released: Promise<void>) => void, signal: AbortSignal): void {
  const released = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  navigator.locks
    .request(name, { signal }, () => {
      held(released)
      return released
    })
    .catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
}

/**
 * Reads a page and then applies to it what arrived while it was being read, so that an event can't be lost
 * between the read and the screen. `apply` must be repeatable: the same event may come twice.
 */
export async function readLive<T>(
  stream: Pick<LiveStream, 'journal'>,
  read: () => Promise<T>,
  apply: (state: T, event: StreamEvent) => T,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const mark = stream.journal.mark()
    const state = await read()
    const arrived = stream.journal.since(mark)
    if (arrived) return arrived.reduce(apply, state)
    if (tries === 2) throw new ApiError({ status: 0, error: 'too_many_events' })
  }
}

export const liveStream = new LiveStream()
