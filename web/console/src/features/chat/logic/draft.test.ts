import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '@shared/api/envelope'
import { DraftKeeper, type DraftWorld } from './draft'

class Server {
  text = ''
  isNote = false
  version = 0
  isAway = false

  save: DraftWorld['save'] = async (draft) => {
    if (this.isAway) throw new ApiError({ status: 0, error: 'unreachable' })
    if (draft.version !== this.version) throw new ApiError({ status: 409, error: 'draft_changed' })
    this.text = draft.text
    this.isNote = draft.is_note
    return { version: ++this.version }
  }
}

class Store {
  readonly kept = new Map<string, string>()
  getItem = (name: string) => this.kept.get(name) ?? null
  setItem = (name: string, value: string) => void this.kept.set(name, value)
  removeItem = (name: string) => void this.kept.delete(name)
}

describe('DraftKeeper', () => {
  let server: Server
  let store: Store
  let pending: (() => void)[]

  const keeper = () =>
    new DraftKeeper('draft.one', {
      save: server.save,
      version: async () => server.version,
      store,
      later: (run) => {
        pending.push(run)
        return () => {
          pending = pending.filter((one) => one !== run)
        }
      },
    })
  const fromServer = () => ({ text: server.text, is_note: server.isNote, version: server.version })

  beforeEach(() => {
    server = new Server()
    store = new Store()
    pending = []
  })

  it('saves once for a burst of typing', async () => {
    const draft = keeper()
    draft.adopt(null)
    draft.write({ text: 'a', isNote: false })
    draft.write({ text: 'ab', isNote: false })
    expect(pending).toHaveLength(1)
    await draft.flush()
    expect(server).toMatchObject({ text: 'ab', version: 1 })
  })

  it('survives a reload before the server had it', async () => {
    server.isAway = true
    const draft = keeper()
    draft.write({ text: 'unsaved', isNote: true })
    await draft.flush()
    server.isAway = false
    const again = keeper()
    expect(again.current).toEqual({ text: 'unsaved', isNote: true })
    expect(again.adopt(null)).toBe(false)
    await again.flush()
    expect(server).toMatchObject({ text: 'unsaved', isNote: true })
  })

  it('takes what another device wrote, when nothing is unsaved here', () => {
    const draft = keeper()
    server.text = 'from the phone'
    server.version = 3
    expect(draft.adopt(fromServer())).toBe(true)
    expect(draft.current.text).toBe('from the phone')
  })

  it('wins over an older text of another tab by going on from its version', async () => {
    const one = keeper()
    one.adopt(fromServer())
    server.text = 'other tab'
    server.version = 4
    one.write({ text: 'mine, later', isNote: false })
    await one.flush()
    expect(server).toMatchObject({ text: 'mine, later', version: 5 })
  })

  it('empties the draft after sending, here and there', async () => {
    const draft = keeper()
    draft.write({ text: 'hello', isNote: false })
    await draft.flush()
    draft.write({ text: '', isNote: false })
    await draft.flush()
    expect(server.text).toBe('')
    expect(store.kept.size).toBe(0)
    expect(keeper().current.text).toBe('')
  })

  it('saves what was typed while a save was under way', async () => {
    const draft = keeper()
    draft.write({ text: 'a', isNote: false })
    const first = draft.flush()
    draft.write({ text: 'ab', isNote: false })
    await first
    await draft.flush()
    expect(server.text).toBe('ab')
  })

  it('throws a broken local copy away', () => {
    store.setItem('draft.one', '{')
    expect(keeper().current.text).toBe('')
  })
})
