import { ApiError } from '@shared/api/envelope'

export interface DraftText {
  text: string
  isNote: boolean
}

interface Kept extends DraftText {
  /** The server's version that this text grew from. */
  version: number
  /** Not yet on the server. */
  isDirty: boolean
}

export interface DraftWorld {
  /** Writes to the server; 409 when another tab or device wrote meanwhile. */
  save(draft: { text: string; is_note: boolean; version: number }): Promise<{ version: number }>
  /** The server's present version. */
  version(): Promise<number>
  store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  later(run: () => void, milliseconds: number): () => void
}

const PAUSE_MS = 800

/**
 * The draft of one conversation: at once in this browser, at each pause on the server, so that neither a reload
 * nor another device loses it. The last writer wins.
 */
export class DraftKeeper {
  private kept: Kept = { text: '', isNote: false, version: 0, isDirty: false }
  private cancel: (() => void) | null = null
  private saving: Promise<void> | null = null

  constructor(
    private readonly name: string,
    private readonly world: DraftWorld,
  ) {
    const stored = world.store.getItem(name)
    if (!stored) return
    try {
      this.kept = { ...this.kept, ...(JSON.parse(stored) as Kept) }
    } catch {
      world.store.removeItem(name)
    }
  }

  get current(): DraftText {
    return { text: this.kept.text, isNote: this.kept.isNote }
  }

  /** Takes the server's draft unless this browser holds something newer; true if the text changed by it. */
  adopt(draft: { text: string; is_note: boolean; version: number } | null): boolean {
    if (this.kept.isDirty) {
      this.kept.version = draft?.version ?? 0
      this.schedule()
      return false
    }
    const next = { text: draft?.text ?? '', isNote: draft?.is_note ?? false, version: draft?.version ?? 0 }
    const isOther = next.text !== this.kept.text || next.isNote !== this.kept.isNote
    this.kept = { ...next, isDirty: false }
    this.remember()
    return isOther
  }

  write(draft: DraftText): void {
    if (draft.text === this.kept.text && draft.isNote === this.kept.isNote) return
    this.kept = { ...this.kept, ...draft, isDirty: true }
    this.remember()
    this.schedule()
  }

  /** Writes now what is still waiting, as when the conversation is left. */
  async flush(): Promise<void> {
    this.cancel?.()
    this.cancel = null
    if (this.saving) await this.saving
    if (!this.kept.isDirty) return
    this.saving = this.save().finally(() => {
      this.saving = null
    })
    await this.saving
  }

  private schedule(): void {
    this.cancel?.()
    this.cancel = this.world.later(() => void this.flush(), PAUSE_MS)
  }

  private remember(): void {
    if (this.kept.text === '' && !this.kept.isDirty) this.world.store.removeItem(this.name)
    else this.world.store.setItem(this.name, JSON.stringify(this.kept))
  }

  private async save(): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      const { text, isNote, version } = this.kept
      try {
        const answer = await this.world.save({ text, is_note: isNote, version })
        const isSame = this.kept.text === text && this.kept.isNote === isNote
        this.kept = { ...this.kept, version: answer.version, isDirty: !isSame }
        this.remember()
        if (!isSame) this.schedule()
        return
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) return
        // Another tab or device was here: go on from its version, with this text.
        try {
          this.kept = { ...this.kept, version: await this.world.version() }
        } catch {
          return
        }
      }
    }
  }
}
