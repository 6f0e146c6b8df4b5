import { reactive, ref, shallowRef } from 'vue'
import { newKey } from '@shared/api/request'
import { Connection, type Phase } from '@shared/stream/connection'
import { serverNow } from '@shared/time/clock'
import { emulator } from '../api/emulator'
import type { ChatScreen, Message, PhoneEvent } from '../api/types'
import { Outbox, type Outgoing } from './outbox'
import {
  applyEvent,
  newState,
  putMessage,
  takeChat,
  takeChats,
  takeOlder,
  logOf,
  type PhoneState,
} from './screen'
import { PhoneSource } from './source'

const READ_TRIES = 4

type Listener = (event: PhoneEvent) => void

/** The phones on this page: what each shows, and the one stream that keeps them all true. */
export class Phones {
  readonly order = ref<string[]>([])
  readonly states = reactive<Record<string, PhoneState>>({})
  readonly phase = ref<Phase>('starting')
  readonly isPolling = ref(false)
  readonly failure = shallowRef<unknown>(null)
  private connection: Connection | null = null
  private readonly source: PhoneSource
  private readonly listeners = new Set<Listener>()
  private isReadDue = false
  private readonly outbox = new Outbox({
    upload: emulator.upload,
    send: emulator.send,
    show: (phoneId, appid, message) => this.show(phoneId, appid, message),
    newKey,
    forget: (preview) => URL.revokeObjectURL(preview),
    now: () => new Date(serverNow()).toISOString(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  })

  constructor(isPolling = false) {
    this.source = new PhoneSource(() => this.order.value, isPolling)
    this.isPolling.value = isPolling
  }

  onEvent(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Shows one more phone; a phone that is shown already stays as it is. */
  async add(phoneId: string): Promise<void> {
    if (this.states[phoneId]) return
    this.states[phoneId] = newState(await emulator.screen(phoneId))
    this.order.value = [...this.order.value, phoneId]
    this.listen()
  }

  remove(phoneId: string): void {
    this.order.value = this.order.value.filter((id) => id !== phoneId)
    delete this.states[phoneId]
    this.listen()
  }

  stop(): void {
    this.connection?.stop()
    this.connection = null
  }

  nudge(): void {
    this.connection?.nudge()
  }

  lost(): void {
    this.connection?.lost()
  }

  /** Reads a chat and keeps it; what arrives while it is read is not lost. */
  async openChat(phoneId: string, appid: string): Promise<void> {
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const screen: ChatScreen = await emulator.chatScreen(phoneId, appid)
      const state = this.states[phoneId]
      if (!state || takeChat(state, appid, screen, Date.now())) return
    }
  }

  async readOlder(phoneId: string, appid: string): Promise<void> {
    const state = this.states[phoneId]
    const first = state?.logs[appid]?.messages[0]
    if (!state || !first) return
    takeOlder(state, appid, await emulator.chatScreen(phoneId, appid, first.number))
  }

  async readChats(phoneId: string): Promise<void> {
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const screen = await emulator.screen(phoneId)
      const state = this.states[phoneId]
      if (!state || takeChats(state, screen)) return
    }
  }

  send(outgoing: Outgoing): Promise<void> {
    return this.outbox.send(outgoing)
  }

  /** Sends again what did not leave, or what the emulator refused. */
  retry(phoneId: string, appid: string, message: Message): Promise<void> {
    if (message.client_id && this.outbox.has(message.client_id)) return this.outbox.retry(message.client_id)
    return this.outbox.send({ phoneId, appid, kind: message.kind, content: message.content })
  }

  private show(phoneId: string, appid: string, message: Message): void {
    const state = this.states[phoneId]
    if (state) putMessage(logOf(state, appid).messages, message)
  }

  private listen(): void {
    if (this.order.value.length === 0) return this.stop()
    if (this.connection) return this.connection.nudge()
    const numbers = this.order.value.map((id) => this.states[id]!.number)
    this.connection = new Connection(
      {
        open: (after, signal) => this.source.open(after, signal),
        now: () => Date.now(),
        onEvent: (event) => this.take(event.data as PhoneEvent),
        onPhase: (phase) => {
          this.phase.value = phase
          this.isPolling.value = this.source.isPolling
        },
        onReady: () => {
          if (this.isReadDue) void this.readAll()
        },
        onResync: () => {
          this.isReadDue = true
        },
      },
      { phones: Math.min(...numbers) },
    )
    this.connection.start()
  }

  private take(event: PhoneEvent): void {
    const states = event.phone_id ? [this.states[event.phone_id]] : Object.values(this.states)
    const taken = states.filter((state) => state && applyEvent(state, event, Date.now()))
    if (taken.length > 0) this.listeners.forEach((listener) => listener(event))
  }

  /** After events were missed: everything on screen anew. The numbers of the stream may have begun again. */
  private async readAll(): Promise<void> {
    this.isReadDue = false
    for (const phoneId of this.order.value) {
      const state = this.states[phoneId]
      if (!state) continue
      try {
        state.number = 0
        await this.readChats(phoneId)
        for (const appid of Object.keys(state.logs)) await this.openChat(phoneId, appid)
      } catch (error) {
        this.failure.value = error
        this.isReadDue = true
      }
    }
  }
}
