import type { Hours, Span } from '../types'

export type SpanFault = 'form' | 'order' | 'overlap' | null

const FORM = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/

/** What is wrong with the spans of one day. */
export function faultOf(spans: Span[]): SpanFault {
  const sorted = spans.slice().sort((one, other) => (one.start < other.start ? -1 : 1))
  for (const [at, span] of sorted.entries()) {
    if (!FORM.test(span.start) || !FORM.test(span.end) || span.start === '24:00') return 'form'
    if (span.start >= span.end) return 'order'
    const next = sorted[at + 1]
    if (next && next.start < span.end) return 'overlap'
  }
  return null
}

export function spansOf(hours: Hours, weekday: number): Span[] {
  return hours.weekly.filter((span) => span.weekday === weekday).map(({ start, end }) => ({ start, end }))
}

export function withDay(hours: Hours, weekday: number, spans: Span[]): Hours {
  const others = hours.weekly.filter((span) => span.weekday !== weekday)
  const weekly = [...others, ...spans.map((span) => ({ weekday, ...span }))]
  weekly.sort((one, other) => one.weekday - other.weekday || (one.start < other.start ? -1 : 1))
  return { ...hours, weekly }
}

/** The first fault of a whole set of hours. */
export function hoursFault(hours: Hours): SpanFault {
  for (let weekday = 1; weekday <= 7; weekday++) {
    const fault = faultOf(spansOf(hours, weekday))
    if (fault) return fault
  }
  for (const date of hours.dates) {
    const fault = faultOf(date.spans)
    if (fault) return fault
  }
  return null
}
