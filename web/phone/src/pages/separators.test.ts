import { describe, expect, it } from 'vitest'
import { hasSeparator, moment } from './separators'

const now = Date.parse('2026-11-21T06:30:00Z') // Saturday, 14:30 in Shanghai

describe('the time above a message', () => {
  it('stands above the first and after five minutes', () => {
    expect(hasSeparator('2026-11-21T06:00:00Z', undefined)).toBe(true)
    expect(hasSeparator('2026-11-21T06:05:00Z', '2026-11-21T06:00:00Z')).toBe(false)
    expect(hasSeparator('2026-11-21T06:05:01Z', '2026-11-21T06:00:00Z')).toBe(true)
  })

  it.each([
    ['2026-11-21T06:02:00Z', { kind: 'today', time: '14:02' }],
    ['2026-11-20T15:59:00Z', { kind: 'yesterday', time: '23:59' }],
    ['2026-11-20T16:00:00Z', { kind: 'today', time: '00:00' }],
    ['2026-11-18T01:00:00Z', { kind: 'weekday', weekday: 3, time: '09:00' }],
    ['2026-11-14T01:00:00Z', { kind: 'date', month: 11, day: 14, time: '09:00' }],
    ['2025-12-31T01:00:00Z', { kind: 'year', year: 2025, month: 12, day: 31, time: '09:00' }],
  ])('of %s reads as WeChat says it', (at, said) => {
    expect(moment(at, now)).toEqual(said)
  })
})
