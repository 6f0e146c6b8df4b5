import { describe, expect, it } from 'vitest'
import type { Push } from '../api/types'
import { putPush } from './usePushes'

const push = (id: string, state: Push['state'] = 'pending'): Push => ({
  id,
  appid: 'wx',
  openid: 'o',
  kind: 'text',
  state,
  created_at: '2026-11-21T06:00:00Z',
  tries: [],
})

describe('the list of pushes', () => {
  it('has the newest first, and a changed one where it was', () => {
    const list = putPush(putPush([], push('a')), push('b'))
    expect(putPush(list, push('a', 'delivered')).map((one) => [one.id, one.state])).toEqual([
      ['b', 'pending'],
      ['a', 'delivered'],
    ])
  })
})
