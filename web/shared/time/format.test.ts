import { describe, expect, it } from 'vitest'
import { formatFen, formatFull, formatShort, formatSpan, relative } from './format'

const now = Date.parse('2026-11-21T06:30:00Z') // 14:30 in Shanghai

describe('times', () => {
  it.each([
    ['2026-11-21T06:29:30Z', { kind: 'now' }],
    ['2026-11-21T06:30:05Z', { kind: 'now' }],
    ['2026-11-21T06:24:00Z', { kind: 'minutes', count: 6 }],
    ['2026-11-21T01:05:00Z', { kind: 'text', text: '09:05' }],
    ['2026-11-20T15:59:00Z', { kind: 'text', text: '11-20' }],
    ['2026-11-20T16:00:00Z', { kind: 'text', text: '00:00' }],
    ['2025-01-02T00:00:00Z', { kind: 'text', text: '2025-01-02' }],
  ])('%s reads as a person says it', (at, said) => {
    expect(relative(at, now)).toEqual(said)
  })

  it('writes full and short times in the zone of the company', () => {
    expect(formatFull('2026-11-21T06:30:09Z')).toBe('2026-11-21 14:30:09')
    expect(formatFull('2026-11-21T06:30:09Z', 'Europe/Berlin')).toBe('2026-11-21 07:30:09')
    expect(formatShort('2026-11-13T02:20:00Z', now)).toBe('11-13 10:20')
  })

  it('writes spans and money', () => {
    expect(formatSpan(95_000)).toBe('01:35')
    expect(formatSpan(-40_999)).toBe('00:40')
    expect(formatSpan(47 * 3_600_000 + 55 * 60_000 + 12_000)).toBe('47:55:12')
    expect(formatFen(126800)).toBe('¥1,268.00')
  })
})
