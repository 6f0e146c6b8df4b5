import { ApiError } from '@shared/api/envelope'
import { backoff } from '@shared/stream/backoff'
import type { Draft, Upload } from '../api/emulator'
import type { Message } from '../api/types'

const TRIES = 3

/** What a person sends, before the emulator has it. */
export interface Outgoing {
  phoneId: string
  appid: string
  kind: string
  content: Record<string, unknown>
  file?: { body: Blob; name: string; preview: string }
}

export interface OutboxWorld {
  upload(phoneId: string, file: Blob, name: string): Promise<Upload>
  send(phoneId: string, draft: Draft): Promise<Message>
  /** Shows the message on the phone, in the place of the one with the same client id. */
  show(phoneId: string, appid: string, message: Message): void
  newKey(): string
  /** The file is no longer shown from this page's memory. */
  forget(preview: string): void
  now(): string
  wait(milliseconds: number): Promise<void>
}

interface Held {
  outgoing: Outgoing
  message: Message
  mediaId?: string
}

/**
 * What is on its way from the phones. A message keeps its client id over all tries, so the emulator takes it once;
 * a chat's messages leave in the order in which they were written, and a failed one holds up no other.
 */
export class Outbox {
  private readonly held = new Map<string, Held>()
  private readonly lanes = new Map<string, Promise<void>>()

  constructor(private readonly world: OutboxWorld) {}

  send(outgoing: Outgoing): Promise<void> {
    const clientId = this.world.newKey()
    const message: Message = {
      id: `local:${clientId}`,
      number: 0,
      client_id: clientId,
      from: 'user',
      kind: outgoing.kind,
      content: outgoing.content,
      media_url: outgoing.file?.preview ?? '',
      state: 'sending',
      at: this.world.now(),
    }
    this.held.set(clientId, { outgoing, message })
    return this.queue(clientId)
  }

  /** True if the message can be sent again from here. */
  has(clientId: string | undefined): boolean {
    return !!clientId && this.held.has(clientId)
  }

  retry(clientId: string): Promise<void> {
    const held = this.held.get(clientId)
    if (!held || held.message.state === 'sending') return Promise.resolve()
    held.message = { ...held.message, state: 'sending', error: '', at: this.world.now() }
    return this.queue(clientId)
  }

  private queue(clientId: string): Promise<void> {
    const held = this.held.get(clientId)!
    const { phoneId, appid } = held.outgoing
    this.world.show(phoneId, appid, held.message)
    const lane = `${phoneId} ${appid}`
    const next = (this.lanes.get(lane) ?? Promise.resolve()).then(() => this.deliver(clientId, held))
    this.lanes.set(lane, next)
    return next
  }

  private async deliver(clientId: string, held: Held): Promise<void> {
    const { phoneId, appid } = held.outgoing
    for (let attempt = 0; ; attempt++) {
      try {
        const message = await this.attempt(clientId, held)
        this.held.delete(clientId)
        this.world.show(phoneId, appid, { ...message, client_id: clientId })
        if (held.outgoing.file) this.world.forget(held.outgoing.file.preview)
        return
      } catch (error) {
        const isTransient = error instanceof ApiError && error.isTransient
        if (isTransient && attempt + 1 < TRIES) {
          await this.world.wait(backoff(attempt))
          continue
        }
        const words = error instanceof ApiError && error.status > 0 ? error.message : ''
        held.message = { ...held.message, state: 'unsent', error: words }
        this.world.show(phoneId, appid, held.message)
        return
      }
    }
  }

  private async attempt(clientId: string, held: Held): Promise<Message> {
    const { phoneId, appid, kind, content, file } = held.outgoing
    if (file && !held.mediaId) {
      const upload = await this.world.upload(phoneId, file.body, file.name)
      held.mediaId = upload.media_id
      if (upload.format) held.outgoing.content = { ...content, format: upload.format }
    }
    return this.world.send(phoneId, {
      appid,
      client_id: clientId,
      kind,
      content: held.outgoing.content,
      media_id: held.mediaId,
    })
  }
}
