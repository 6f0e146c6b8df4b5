import { beforeEach, describe, expect, it } from 'vitest'
import type { Conversation } from './agent'
import { runAct, StepRefused, type StepWorld } from './steps'

let log: string[]
let found: (Conversation | undefined)[]
const conversation = (agent: string): Conversation => ({
  id: 'k1',
  openid: 'o1',
  state: 'active',
  agent_id: agent,
})
const note = (words: string) => {
  log.push(words)
  return Promise.resolve()
}

function world(): StepWorld {
  return {
    appid: 'wx',
    phoneId: 'p1',
    meId: 'me',
    openid: () => 'o1',
    phone: {
      follow: () => note('follow'),
      unfollow: () => note('unfollow'),
      send: ({ kind, content }) => note(`send ${kind} ${JSON.stringify(content)}`),
      tapMenu: (key) => note(`menu ${key}`),
      tapNewestItem: (index) => note(`item ${index}`),
      showChat: () => void log.push('chat'),
      showProfile: () => void log.push('profile'),
    },
    agent: {
      find: () => Promise.resolve(found.length > 1 ? found.shift() : found[0]),
      setStatus: (status) => note(`status ${status}`),
      pickUp: (id) => note(`pickup ${id}`).then(() => conversation('me')),
      showTyping: (_, isTyping) => note(`typing ${isTyping}`),
      write: (_, text, isNote) => note(`${isNote ? 'note' : 'reply'} ${text}`),
      inviteRating: () => note('invite'),
      close: (_, act) => note(`close ${act.result ?? ''}`),
    },
    showConversation: (id) => void log.push(`show ${id}`),
    forward: (seconds) => note(`clock ${seconds}`),
    wait: () => Promise.resolve(),
  }
}

beforeEach(() => {
  log = []
  found = [conversation('me')]
})

describe('a step of a story', () => {
  it.each([
    [{ kind: 'follow' }, ['profile', 'follow', 'chat']],
    [{ kind: 'unfollow' }, ['profile', 'unfollow']],
    [
      { kind: 'message', message: { kind: 'text', content: { content: 'hi' } } },
      ['chat', 'send text {"content":"hi"}'],
    ],
    [{ kind: 'menu', key: 'BOOK' }, ['chat', 'menu BOOK']],
    [{ kind: 'tap_menu_item', index: 1 }, ['chat', 'item 1']],
    [{ kind: 'presence', status: 'online' }, ['status online']],
    [{ kind: 'reply', text: 'yes' }, ['show k1', 'chat', 'typing true', 'reply yes', 'typing false']],
    [{ kind: 'note', text: 'n' }, ['show k1', 'note n']],
    [{ kind: 'invite_rating' }, ['show k1', 'invite']],
    [{ kind: 'close', result: 'done' }, ['show k1', 'close done']],
    [{ kind: 'clock', advance_seconds: 180 }, ['clock 180']],
    [{ kind: 'watch' }, []],
  ])('%j is really done', async (act, deeds) => {
    await runAct(world(), act)
    expect(log).toEqual(deeds)
  })

  it('waits for the conversation, and takes it when another has it or nobody', async () => {
    found = [undefined, undefined, conversation('')]
    await runAct(world(), { kind: 'pickup' })
    expect(log).toEqual(['pickup k1', 'show k1'])
  })

  it('waits for the menu message that it taps', async () => {
    const late = world()
    let looks = 0
    late.phone.tapNewestItem = (index) =>
      ++looks < 3 ? Promise.reject(new StepRefused('no_menu_item')) : note(`item ${index}`)
    await runAct(late, { kind: 'tap_menu_item', index: 0 })
    expect(log).toEqual(['chat', 'item 0'])
  })

  it('says so when there is no conversation, or when the act is unknown', async () => {
    found = [undefined]
    await expect(runAct(world(), { kind: 'reply', text: 'x' })).rejects.toThrow(StepRefused)
    await expect(runAct(world(), { kind: 'toString' })).rejects.toMatchObject({ reason: 'unknown_act' })
  })
})
