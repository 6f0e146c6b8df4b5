/** How times, lengths, numbers and money are written; all in the company's time zone. */

export const DEFAULT_ZONE = 'Asia/Shanghai'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface Parts {
  year: string
  month: string
  day: string
  hour: string
  minute: string
  second: string
}

const formats = new Map<string, Intl.DateTimeFormat>()

function parts(at: number, zone: string): Parts {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(zone, format)
  }
  return Object.fromEntries(
    format.formatToParts(at).map((part) => [part.type, part.value]),
  ) as unknown as Parts
}

export function toMilliseconds(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at)
}

/** `2026-11-21 14:02:09`. */
export function formatFull(at: string | number, zone = DEFAULT_ZONE): string {
  const p = parts(toMilliseconds(at), zone)
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`
}

/** `14:02`. */
export function formatTime(at: string | number, zone = DEFAULT_ZONE): string {
  const p = parts(toMilliseconds(at), zone)
  return `${p.hour}:${p.minute}`
}

/** `2026-11-21`. */
export function formatDay(at: string | number, zone = DEFAULT_ZONE): string {
  const p = parts(toMilliseconds(at), zone)
  return `${p.year}-${p.month}-${p.day}`
}

/** `11-21 14:02`, without the day if it is today, with the year if it is another. */
export function formatShort(at: string | number, now: number, zone = DEFAULT_ZONE): string {
  const p = parts(toMilliseconds(at), zone)
  const n = parts(now, zone)
  if (p.year !== n.year) return `${p.year}-${p.month}-${p.day}`
  if (p.month === n.month && p.day === n.day) return `${p.hour}:${p.minute}`
  return `${p.month}-${p.day} ${p.hour}:${p.minute}`
}

export type Relative = { kind: 'now' } | { kind: 'minutes'; count: number } | { kind: 'text'; text: string }

/** Just now, n minutes ago, HH:mm today, MM-DD before. */
export function relative(at: string | number, now: number, zone = DEFAULT_ZONE): Relative {
  const then = toMilliseconds(at)
  const age = now - then
  if (age < MINUTE) return { kind: 'now' }
  if (age < HOUR) return { kind: 'minutes', count: Math.floor(age / MINUTE) }
  const p = parts(then, zone)
  const n = parts(now, zone)
  if (p.year === n.year && p.month === n.month && p.day === n.day) {
    return { kind: 'text', text: `${p.hour}:${p.minute}` }
  }
  if (p.year !== n.year && age > 300 * DAY) return { kind: 'text', text: `${p.year}-${p.month}-${p.day}` }
  return { kind: 'text', text: `${p.month}-${p.day}` }
}

/** `1:35` hours as `01:30:00`, below an hour `mm:ss`; negative lengths count as positive. */
export function formatSpan(milliseconds: number): string {
  const total = Math.floor(Math.abs(milliseconds) / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`
  return hours > 0 ? `${two(hours)}:${rest}` : rest
}

/** Whole fen as `¥1,268.00`. */
export function formatFen(fen: number): string {
  return `¥${(fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
