import { describe, expect, it } from 'vitest'
import type { CannedReply, Conversation, Hours } from '../types'
import { findCanned, slashWords } from './canned'
import { piecesOf, safeLink } from './content'
import { countdown, sendLimit } from './countdown'
import { faultOf, hoursFault, spansOf, withDay } from './hours'
import { measure, pictureFault, replyBar } from './permit'

const now = Date.parse('2026-11-21T06:00:00Z')
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString()

describe('countdown', () => {
  it.each([
    [310, 'ok', '05:10'],
    [120, 'ok', '02:00'],
    [119, 'warn', '01:59'],
    [1, 'warn', '00:01'],
    [0, 'late', '00:00'],
    [-185, 'late', '03:05'],
  ])('%i s to go is %s', (seconds, tone, text) => {
    expect(countdown(at(seconds), now)).toEqual({ tone, text })
  })

  it('says nothing without a promise', () => {
    expect(countdown(null, now)).toBeNull()
    expect(countdown('nonsense', now)).toBeNull()
  })
})

describe('the 48-hour window', () => {
  const window = (expires: string | null, remaining: number, channel = 'wechat') => ({
    channel,
    window_expires_at: expires,
    window_remaining: remaining,
  })

  it.each([
    [window(at(172_512), 3), { kind: 'open', left: '47:55:12', remaining: 3, tone: 'ok' }],
    [window(at(172_512), 1), { kind: 'open', left: '47:55:12', remaining: 1, tone: 'warn' }],
    [window(at(600), 5), { kind: 'open', left: '10:00', remaining: 5, tone: 'warn' }],
    [window(at(0), 5), { kind: 'expired' }],
    [window(null, 0), { kind: 'expired' }],
    [window(at(3_601), 0), { kind: 'used_up', left: '01:00:01' }],
    [window(null, 0, 'widget'), { kind: 'none' }],
  ])('%o', (conversation, limit) => {
    expect(sendLimit(conversation, now)).toEqual(limit)
  })
})

describe('who may reply', () => {
  const open = { kind: 'open', left: '', remaining: 5, tone: 'ok' } as const
  const one = (part: Partial<Conversation>) =>
    ({ state: 'active', agent_id: 'me', consulted: [], ...part }) as unknown as Conversation

  it.each([
    ['his agent', one({}), false, open, 'none'],
    [
      'somebody consulted',
      one({ agent_id: 'x', consulted: [{ kind: 'agent', id: 'me', name: '' }] }),
      false,
      open,
      'none',
    ],
    ['a colleague', one({ agent_id: 'x' }), false, open, 'colleague'],
    ['a supervisor', one({ agent_id: 'x' }), true, open, 'none'],
    ['anybody of a queued one', one({ agent_id: '', state: 'queued' }), true, open, 'queued'],
    ['his agent after 48 hours', one({}), false, { kind: 'expired' } as const, 'expired'],
    ['his agent with none left', one({}), false, { kind: 'used_up', left: '' } as const, 'used_up'],
    ['his agent after the end', one({ state: 'closed' }), true, open, 'closed'],
  ])('%s', (_who, conversation, isSupervisor, limit, bar) => {
    expect(replyBar(conversation, 'me', isSupervisor, limit)).toBe(bar)
  })
})

describe('limits', () => {
  it('counts signs as people do and bytes as WeChat does', () => {
    expect(measure('a👍', false)).toEqual({ length: 2, longest: 600, isTooLong: false })
    expect(measure('x'.repeat(600), false).isTooLong).toBe(false)
    expect(measure('x'.repeat(601), false).isTooLong).toBe(true)
    expect(measure('x'.repeat(2000), true).isTooLong).toBe(false)
    expect(measure('x'.repeat(2001), true).isTooLong).toBe(true)
    expect(measure('👍'.repeat(513), false).isTooLong).toBe(true)
  })

  it('takes pictures only', () => {
    expect(pictureFault({ type: 'image/png', size: 10 })).toBeNull()
    expect(pictureFault({ type: 'image/svg+xml', size: 10 })).toBe('type')
    expect(pictureFault({ type: 'image/jpeg', size: 11 * 1024 * 1024 })).toBe('size')
  })
})

describe('canned replies', () => {
  const reply = (title: string, initials: string, text = '', sort = 0) =>
    ({ id: title, title, initials, text, category: '', sort }) as CannedReply
  const all = [
    reply('Opening', 'kcb', 'good day'),
    reply('Urgent', 'jjap', 'kcb in the text'),
    reply('Zed', 'z', '', -1),
  ]

  it.each([
    ['/', ''],
    ['/kc', 'kc'],
    ['/ x', null],
    ['//', null],
    ['a /kc', null],
    ['/kc\nx', null],
    ['/https://example.com/a/very/long', null],
  ])('%j opens the picker with %j', (text, words) => {
    expect(slashWords(text)).toBe(words)
  })

  it('finds by initials before text, and lists all in their order without words', () => {
    expect(findCanned(all, 'kc').map((one) => one.title)).toEqual(['Opening', 'Urgent'])
    expect(findCanned(all, '').map((one) => one.title)).toEqual(['Zed', 'Opening', 'Urgent'])
    expect(findCanned(all, 'nothing')).toEqual([])
  })
})

describe('texts from outside', () => {
  it('makes links of web addresses only', () => {
    expect(piecesOf('see https://a.example/x?y=1。ok')).toEqual([
      { text: 'see ', href: '' },
      { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' },
      { text: '。ok', href: '' },
    ])
    expect(piecesOf('')).toEqual([{ text: '', href: '' }])
    expect(safeLink('javascript:alert(1)')).toBe('')
    expect(safeLink('https://a.example')).toBe('https://a.example')
  })
})

describe('hours', () => {
  it.each([
    [
      [
        { start: '09:00', end: '12:00' },
        { start: '13:00', end: '24:00' },
      ],
      null,
    ],
    [[{ start: '9:00', end: '12:00' }], 'form'],
    [[{ start: '12:00', end: '12:00' }], 'order'],
    [
      [
        { start: '13:00', end: '18:00' },
        { start: '09:00', end: '13:30' },
      ],
      'overlap',
    ],
    [[], null],
  ])('%o', (spans, fault) => {
    expect(faultOf(spans)).toBe(fault)
  })

  it('changes one day and keeps the others', () => {
    const hours: Hours = {
      time_zone: 'Asia/Shanghai',
      weekly: [{ weekday: 1, start: '09:00', end: '18:00' }],
      dates: [],
      uses_public_holidays: false,
    }
    const next = withDay(hours, 2, [{ start: '10:00', end: '11:00' }])
    expect(spansOf(next, 1)).toEqual([{ start: '09:00', end: '18:00' }])
    expect(spansOf(next, 2)).toEqual([{ start: '10:00', end: '11:00' }])
    expect(spansOf(withDay(next, 1, []), 1)).toEqual([])
    expect(
      hoursFault({
        ...next,
        dates: [{ date: '2026-10-01', title: '', spans: [{ start: '10:00', end: '09:00' }] }],
      }),
    ).toBe('order')
  })
})
