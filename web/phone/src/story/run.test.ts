import { describe, expect, it } from 'vitest'
import { readRun } from './run'

describe('the run of a story', () => {
  it('goes on where it was left', () => {
    const run = { story: 'brake', phoneId: 'p', next: 3 }
    expect(readRun(JSON.stringify(run), 'brake')).toEqual(run)
  })

  it.each([
    null,
    '{',
    '{}',
    '{"story":"other","phoneId":"p","next":1}',
    '{"story":"brake","phoneId":"p","next":-1}',
  ])('begins anew after %s', (text) => {
    expect(readRun(text, 'brake')).toBeNull()
  })
})
