/** One event of a service's feed, or a passing hint (presence, typing, viewers) that has no id. */
export interface StreamEvent {
  /** All cursors after this event; empty for hints. */
  id: string
  service: string
  name: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each handler knows its event's shape
  data: any
}
