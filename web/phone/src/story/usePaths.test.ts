import { describe, expect, it } from 'vitest'
import type { Path } from './paths'
import { sourcesOf } from './usePaths'

const path = (changes: Partial<Path>): Path => ({
  key: 'k',
  direction: 'in',
  kind: 'text',
  text: '',
  author: '',
  phoneMessageId: '',
  pushId: '',
  messageId: '',
  conversationId: '',
  outcome: '',
  steps: [],
  ...changes,
})

describe('who is asked for the times of a way', () => {
  it.each([
    [path({}), []],
    [path({ pushId: 'p' }), [['wechat', 'p']]],
    [
      path({ pushId: 'p', conversationId: 'k' }),
      [
        ['wechat', 'p'],
        ['chat', 'p'],
      ],
    ],
    [path({ direction: 'out', messageId: 'm' }), [['wechat', 'm']]],
    [path({ direction: 'out', messageId: 'm', author: 'An' }), [['chat', 'm']]],
  ])('is only who can know', (one, sources) => {
    expect(sourcesOf(one)).toEqual(sources)
  })
})
