import { describe, expect, it } from 'vitest'
import { useViews } from './useViews'

describe('the pages of a phone', () => {
  it('lie over each other and go back one by one', () => {
    const views = useViews()
    views.go({ name: 'chat', appid: 'wx1' })
    views.go({ name: 'location', appid: 'wx1' })
    expect(views.openChat.value).toBe('wx1')
    views.back()
    expect(views.view.value).toEqual({ name: 'chat', appid: 'wx1' })
    views.back()
    views.back()
    expect(views.view.value.name).toBe('tabs')
    expect(views.openChat.value).toBeNull()
  })

  it('come back to the list from a chat that was opened elsewhere', () => {
    const views = useViews('wx1')
    views.goFromList({ name: 'chat', appid: 'wx2' })
    views.back()
    expect(views.view.value).toEqual({ name: 'tabs', tab: 'chats' })
  })
})
