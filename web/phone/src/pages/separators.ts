import { formatDay, formatTime } from '@shared/time/format'

const PAUSE_MS = 5 * 60_000
const DAY_MS = 86_400_000

/** True if a time stands above the message: it is the first, or more than five minutes after the one before. */
export function hasSeparator(at: string, before: string | undefined): boolean {
  return before === undefined || Date.parse(at) - Date.parse(before) > PAUSE_MS
}

export type Moment =
  | { kind: 'today'; time: string }
  | { kind: 'yesterday'; time: string }
  | { kind: 'weekday'; weekday: number; time: string }
  | { kind: 'date'; month: number; day: number; time: string }
  | { kind: 'year'; year: number; month: number; day: number; time: string }

/** How WeChat says when: the time today, yesterday, the weekday within a week, else the date. */
export function moment(at: string, now: number): Moment {
  const then = Date.parse(at)
  const time = formatTime(then)
  const day = formatDay(then)
  const today = formatDay(now)
  if (day === today) return { kind: 'today', time }
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  const apart = Math.round((Date.parse(today) - Date.parse(day)) / DAY_MS)
  if (apart === 1) return { kind: 'yesterday', time }
  if (apart > 1 && apart < 7) return { kind: 'weekday', weekday: new Date(day).getUTCDay(), time }
  if (today.startsWith(`${year}-`)) return { kind: 'date', month, day: date, time }
  return { kind: 'year', year, month, day: date, time }
}
