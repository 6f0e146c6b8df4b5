import { ApiError } from '@shared/api/envelope'
import { backoff } from '@shared/stream/backoff'
import type { Message, NewMessage } from '../types'

/**
 * A message on its way: waiting (for the network or the one before it) → sending → gone, as soon as the server
 * has it; or failed, with the reason, until the agent sends it again or drops it.
 */
export interface Outgoing {
  clientId: string
  /** Captured when it was written: it can't end up with another customer. */
  conversationId: string
  kind: 'text' | 'image'
  text: string
  isNote: boolean
  /** A picture's local address until the server has it, and its stored name once uploaded. */
  preview: string
  file: string
  state: 'waiting' | 'sending' | 'failed'
  reason: string
  at: number
}

export interface OutboxWorld {
  send(conversationId: string, message: NewMessage): Promise<Message>
  upload(clientId: string): Promise<string>
  onSent(message: Message): void
  onChange(items: Outgoing[]): void
  explain(error: unknown): string
  wait(milliseconds: number): Promise<void>
  now(): number
}

/** Sends one after another in each conversation, so that the order written is the order read. */
export class Outbox {
  private items: Outgoing[] = []
  private readonly running = new Set<string>()

  constructor(
    private readonly world: OutboxWorld,
    restored: Outgoing[] = [],
  ) {
    // Whatever was under way when the page was left is sent again; its key makes that harmless.
    this.items = restored.map((item) => (item.state === 'failed' ? item : { ...item, state: 'waiting' }))
  }

  list(): readonly Outgoing[] {
    return this.items
  }

  add(item: Omit<Outgoing, 'state' | 'reason' | 'at'>): void {
    this.items = [...this.items, { ...item, state: 'waiting', reason: '', at: this.world.now() }]
    this.changed()
    void this.run(item.conversationId)
  }

  retry(clientId: string): void {
    const item = this.items.find((one) => one.clientId === clientId)
    if (!item || item.state !== 'failed') return
    this.change(clientId, { state: 'waiting', reason: '' })
    void this.run(item.conversationId)
  }

  drop(clientId: string): void {
    this.items = this.items.filter((one) => one.clientId !== clientId || one.state === 'sending')
    this.changed()
  }

  /** The server's copy has arrived by the stream: the echo has done its work. */
  settle(clientId: string): void {
    if (!this.items.some((one) => one.clientId === clientId)) return
    this.items = this.items.filter((one) => one.clientId !== clientId)
    this.changed()
  }

  resume(): void {
    for (const id of new Set(this.items.map((item) => item.conversationId))) void this.run(id)
  }

  private changed(): void {
    this.world.onChange(this.items)
  }

  private change(clientId: string, part: Partial<Outgoing>): void {
    this.items = this.items.map((one) => (one.clientId === clientId ? { ...one, ...part } : one))
    this.changed()
  }

  private async run(conversationId: string): Promise<void> {
    if (this.running.has(conversationId)) return
    this.running.add(conversationId)
    let attempt = 0
    try {
      for (;;) {
        const item = this.items.find(
          (one) => one.conversationId === conversationId && one.state === 'waiting',
        )
        if (!item) return
        this.change(item.clientId, { state: 'sending' })
        try {
          const message = await this.deliver(item)
          attempt = 0
          this.world.onSent(message)
          this.settle(item.clientId)
        } catch (error) {
          if (error instanceof ApiError && (error.isTransient || error.status === 429)) {
            this.change(item.clientId, { state: 'waiting' })
            await this.world.wait(error.retryAfter ? error.retryAfter * 1000 : backoff(attempt++))
          } else {
            this.change(item.clientId, { state: 'failed', reason: this.world.explain(error) })
          }
        }
      }
    } finally {
      this.running.delete(conversationId)
    }
  }

  private async deliver(item: Outgoing): Promise<Message> {
    let file = item.file
    if (item.kind === 'image' && !file) {
      file = await this.world.upload(item.clientId)
      this.change(item.clientId, { file })
    }
    return this.world.send(item.conversationId, {
      client_id: item.clientId,
      kind: item.kind,
      content: item.kind === 'image' ? { file, content: '' } : { file: '', content: item.text },
      is_note: item.isNote,
    })
  }
}
