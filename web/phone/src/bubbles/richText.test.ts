import { describe, expect, it } from 'vitest'
import { readRichText } from './richText'

describe('the text of an account', () => {
  it('shows links that the account made', () => {
    expect(readRichText('see <a href="https://example.com/a?x=1&amp;y=2">here</a>.')).toEqual([
      { kind: 'text', text: 'see ' },
      { kind: 'link', text: 'here', url: 'https://example.com/a?x=1&y=2' },
      { kind: 'text', text: '.' },
    ])
  })

  it('makes choices of menu links', () => {
    const text = "<a href='weixin://bizmsgmenu?msgmenucontent=Good&msgmenuid=5'>5 stars</a>"
    expect(readRichText(text)).toEqual([{ kind: 'item', text: '5 stars', itemId: '5', said: 'Good' }])
  })

  it('finds bare addresses without the full stop behind them', () => {
    expect(readRichText('at https://example.com/a.')).toEqual([
      { kind: 'text', text: 'at ' },
      { kind: 'link', text: 'https://example.com/a', url: 'https://example.com/a' },
      { kind: 'text', text: '.' },
    ])
  })

  it('never makes a link of anything but a web address', () => {
    expect(readRichText('<a href="javascript:alert(1)">x</a>')).toEqual([{ kind: 'text', text: 'x' }])
    expect(readRichText('<b>bold</b>')).toEqual([{ kind: 'text', text: '<b>bold</b>' }])
  })
})
