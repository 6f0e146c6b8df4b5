import type { StreamEvent } from './event'

/**
 * The latest events, so that a page read while they arrived can have them applied afterwards
 * (lesson L4: cursor first, state second, what arrived third).
 */
export class Journal {
  private readonly events: StreamEvent[] = []
  private dropped = 0

  constructor(private readonly limit = 5000) {}

  add(event: StreamEvent): void {
    this.events.push(event)
    if (this.events.length > this.limit) {
      const extra = this.events.length - this.limit
      this.events.splice(0, extra)
      this.dropped += extra
    }
  }

  mark(): number {
    return this.dropped + this.events.length
  }

  /** The events after a mark; null if some of them are no longer held. */
  since(mark: number): StreamEvent[] | null {
    return mark < this.dropped ? null : this.events.slice(mark - this.dropped)
  }
}
