import { onBeforeUnmount, watch, type Ref } from 'vue'
import { liveStream } from '@shared/stream/stream'
import { usePreferences } from '@console/stores/preferences'
import { useStaff } from '@console/stores/session'
import plainIcon from '@console/icons/favicon.svg'
import unreadIcon from '@console/icons/favicon-unread.svg'
import type { Conversation, Counts, Message } from './types'

const SHORTEST_MS = 1500
let audio: AudioContext | null = null
let lastRing = 0

/** Two soft tones; made here, so that no file is fetched. Silent until the page has been touched once. */
export function ring(): void {
  const now = Date.now()
  if (now - lastRing < SHORTEST_MS) return
  lastRing = now
  audio ??= new AudioContext()
  if (audio.state === 'suspended') void audio.resume()
  const start = audio.currentTime
  for (const [at, pitch] of [
    [0, 880],
    [0.14, 1174],
  ] as const) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0.0001, start + at)
    volume.gain.exponentialRampToValueAtTime(0.12, start + at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.25)
    tone.connect(volume).connect(audio.destination)
    tone.start(start + at)
    tone.stop(start + at + 0.3)
  }
}

/** `(3) Chats · Company`. */
export function titleWith(count: number, title: string): string {
  const bare = title.replace(/^\(\d+\+?\) /, '')
  return count > 0 ? `(${count > 99 ? '99+' : count}) ${bare}` : bare
}

/** Sound, tab title and icon dot for what waits for this agent. */
export function useAlerts(
  counts: Ref<Counts | undefined>,
  isMine: (conversationId: string) => boolean,
): void {
  const preferences = usePreferences()
  const staff = useStaff()

  const forget = liveStream.onEvent((event) => {
    if (event.service !== 'chat' || !preferences.isSoundOn || liveStream.phase.value === 'catching_up') return
    if (event.name === 'message_added') {
      const message = event.data.message as Message
      if (message.author.kind === 'customer' && isMine(message.conversation_id)) ring()
    } else if (event.name === 'conversation_changed') {
      const conversation = event.data.conversation as Conversation
      if (
        conversation.state === 'assigned' &&
        conversation.agent_id === staff.person?.id &&
        conversation.unread > 0
      )
        ring()
    }
  })

  function show(): void {
    const unread = counts.value?.mine_unread ?? 0
    const title = titleWith(unread, document.title)
    if (title !== document.title) document.title = title
    const link = document.querySelector<HTMLLinkElement>('#favicon')
    const icon = unread > 0 ? unreadIcon : plainIcon
    if (link && link.getAttribute('href') !== icon) link.href = icon
  }
  watch(counts, show, { immediate: true })
  // The title is also written by the frame, when the page changes.
  const observer = new MutationObserver(show)
  observer.observe(document.head, { subtree: true, childList: true, characterData: true })

  onBeforeUnmount(() => {
    forget()
    observer.disconnect()
  })
}
