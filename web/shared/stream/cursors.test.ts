import { describe, expect, it } from 'vitest'
import { covers, formatCursors, furthest, judge, parseCursors } from './cursors'

describe('cursors', () => {
  it('reads and writes the same text', () => {
    expect(formatCursors(parseCursors('crm:44,chat:812'))).toBe('chat:812,crm:44')
    expect(parseCursors('')).toEqual({})
    expect(parseCursors('chat:x,:3,crm:-1')).toEqual({})
  })

  it('compares service by service', () => {
    expect(covers({ chat: 5, crm: 1 }, { chat: 5 })).toBe(true)
    expect(covers({ chat: 5 }, { chat: 5, crm: 0 })).toBe(false)
    expect(furthest({ chat: 5, crm: 1 }, { chat: 4, auth: 2 })).toEqual({ chat: 5, crm: 1, auth: 2 })
  })

  it.each([
    ['the next event', { chat: 4 }, { chat: 4 }, { chat: 5 }, 'apply'],
    ['an event had already', { chat: 5 }, { chat: 4 }, { chat: 5 }, 'skip'],
    ['an event after a missed one', { chat: 3 }, { chat: 4 }, { chat: 5 }, 'gap'],
    [
      'ahead in one service, next in another',
      { chat: 9, crm: 1 },
      { chat: 4, crm: 1 },
      { chat: 4, crm: 2 },
      'apply',
    ],
  ] as const)('judges %s', (_case, mine, before, after, verdict) => {
    expect(judge(mine, before, after)).toBe(verdict)
  })
})
