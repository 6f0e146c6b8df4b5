import { formatSpan } from '@shared/time/format'

export type Tone = 'ok' | 'warn' | 'late'

export interface Countdown {
  tone: Tone
  /** `mm:ss` to go, or since. */
  text: string
}

const AMBER_MS = 2 * 60_000

/** What a promise of time looks like now: amber below two minutes, counting up once it is broken. */
export function countdown(dueAt: string | null, now: number): Countdown | null {
  if (!dueAt) return null
  const left = Date.parse(dueAt) - now
  if (Number.isNaN(left)) return null
  if (left <= 0) return { tone: 'late', text: formatSpan(left) }
  return { tone: left < AMBER_MS ? 'warn' : 'ok', text: formatSpan(left) }
}

export type SendLimit =
  | { kind: 'open'; left: string; remaining: number; tone: 'ok' | 'warn' }
  | { kind: 'expired' }
  | { kind: 'used_up'; left: string }
  | { kind: 'none' }

const SOON_MS = 3_600_000

/** WeChat's 48-hour window and the messages left in it, as the server counts them. */
export function sendLimit(
  conversation: { channel: string; window_expires_at: string | null; window_remaining: number },
  now: number,
): SendLimit {
  if (conversation.channel !== 'wechat') return { kind: 'none' }
  if (!conversation.window_expires_at) return { kind: 'expired' }
  const left = Date.parse(conversation.window_expires_at) - now
  if (left <= 0) return { kind: 'expired' }
  if (conversation.window_remaining <= 0) return { kind: 'used_up', left: formatSpan(left) }
  const isScarce = left < SOON_MS || conversation.window_remaining <= 1
  return {
    kind: 'open',
    left: formatSpan(left),
    remaining: conversation.window_remaining,
    tone: isScarce ? 'warn' : 'ok',
  }
}
