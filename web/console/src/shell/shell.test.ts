import { describe, expect, it } from 'vitest'
import { firstLanguage } from '@shared/i18n/i18n'
import { titleWith } from '../features/chat/useAlerts'
import { flatten, growOrganisations, movableTo, pathName } from '../features/auth/logic'
import type { Organisation } from '../features/auth/types'
import { isTyping, keyOf } from './keys'
import { firstPath, growMenus, pathOf, type Menu } from './useMenus'

const menu = (menucode: string, part: Partial<Menu> = {}): Menu => ({
  id: menucode,
  menuname: menucode,
  parentid: null,
  menucode,
  menuurl: `/${menucode}`,
  menuicon: '',
  urltarget: '',
  isactive: true,
  navmenu: true,
  isleaf: true,
  viewtype: '',
  sort: 0,
  remark: '',
  creator: '',
  modified: '',
  createtime: '',
  lastupdate: '',
  children: [],
  ...part,
})

describe('menus', () => {
  it('are ordered, without what is off, hidden or empty', () => {
    const grown = growMenus([
      menu('b', { sort: 2 }),
      menu('a', { sort: 1 }),
      menu('off', { isactive: false }),
      menu('hidden', { navmenu: false }),
      menu('empty', { menuurl: '' }),
      menu('parent', { menuurl: '', sort: 3, children: [menu('y', { sort: 2 }), menu('x', { sort: 1 })] }),
    ])
    expect(grown.map((node) => node.menucode)).toEqual(['a', 'b', 'parent'])
    expect(firstPath(grown[2]!)).toBe('/x')
  })

  it('read their address with or without the prefix of the console', () => {
    expect(pathOf({ menuurl: '/console/workbench' })).toBe('/workbench')
    expect(pathOf({ menuurl: '/workbench' })).toBe('/workbench')
    expect(pathOf({ menuurl: '/console' })).toBe('/')
  })
})

describe('keys', () => {
  const key = (init: KeyboardEventInit) => keyOf(new KeyboardEvent('keydown', init))

  it('have one name on every machine', () => {
    expect(key({ key: 'k', ctrlKey: true })).toBe('ctrl+k')
    expect(key({ key: 'k', metaKey: true })).toBe('ctrl+k')
    expect(key({ key: '?', shiftKey: true })).toBe('?')
    expect(key({ key: 'ArrowDown', altKey: true })).toBe('alt+arrowdown')
    expect(key({ key: '˜', altKey: true, code: 'KeyN' })).toBe('alt+n')
  })

  it('rest while somebody types', () => {
    expect(isTyping(document.createElement('textarea'))).toBe(true)
    expect(isTyping(document.createElement('button'))).toBe(false)
    expect(isTyping(null)).toBe(false)
  })
})

describe('the tab title', () => {
  it('carries the unread count once', () => {
    expect(titleWith(3, 'Chats')).toBe('(3) Chats')
    expect(titleWith(4, '(3) Chats')).toBe('(4) Chats')
    expect(titleWith(0, '(99+) Chats')).toBe('Chats')
    expect(titleWith(120, 'Chats')).toBe('(99+) Chats')
  })
})

describe('the language', () => {
  it.each([
    ['en', ['zh-CN'], 'en'],
    [null, ['fr', 'en-GB'], 'en'],
    [null, ['zh-TW'], 'zh-CN'],
    [null, ['fr'], 'zh-CN'],
    ['xx', [], 'zh-CN'],
  ])('%s, %j → %s', (stored, wishes, language) => {
    expect(firstLanguage(stored, wishes)).toBe(language)
  })
})

describe('organisations', () => {
  const one = (id: string, parent_id: string | null, path: string): Organisation => ({
    id,
    parent_id,
    path,
    name: id.toUpperCase(),
    kind: 'department',
    is_active: true,
    version: 1,
  })
  const items = [
    one('a', null, '/a/'),
    one('b', 'a', '/a/b/'),
    one('c', 'b', '/a/b/c/'),
    one('d', 'x', '/x/d/'),
  ]

  it('stand as a tree, with those at the top whose parent is not visible', () => {
    expect(flatten(growOrganisations(items)).map((row) => `${row.id}${row.depth}`)).toEqual([
      'a0',
      'b1',
      'c2',
      'd0',
    ])
    expect(pathName(items, 'c')).toBe('A / B / C')
  })

  it('move anywhere but into themselves', () => {
    expect(movableTo(items, items[1]!).map((row) => row.id)).toEqual(['a', 'd'])
  })
})
