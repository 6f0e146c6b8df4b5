import { computed, onBeforeUnmount, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import type { StreamEvent } from '@shared/stream/event'
import { liveStream, readLive } from '@shared/stream/stream'
import { useStaff } from '@console/stores/session'
import { readConversation, tellViewing } from './api'
import { keys } from './keys'
import type { ConversationDetail } from './types'

const VIEW_MS = 10_000

function applyToDetail(detail: ConversationDetail, event: StreamEvent): ConversationDetail {
  const id = detail.conversation.id
  if (event.name === 'conversation_changed' && event.data.conversation.id === id) {
    const next = event.data.conversation
    return next.version >= detail.conversation.version ? { ...detail, conversation: next } : detail
  }
  if (event.name === 'viewing' && event.data.conversation_id === id)
    return { ...detail, viewers: event.data.viewers }
  return detail
}

/** A conversation as it is when the answer has come: what the stream told meanwhile is in it. */
export function readDetail(id: string): Promise<ConversationDetail> {
  return readLive(liveStream, () => readConversation(id), applyToDetail)
}

/** The open conversation, who else looks at it, and telling others that we do. */
export function useConversation(conversationId: MaybeRefOrGetter<string>) {
  const staff = useStaff()
  const id = computed(() => toValue(conversationId))
  const typing = ref<'no' | 'note' | 'reply'>('no')

  const query = useQuery({
    queryKey: computed(() => keys.detail(id.value)),
    enabled: liveStream.mayRead,
    queryFn: ({ queryKey }) => readDetail(queryKey[2]),
  })

  const others = computed(() =>
    (query.data.value?.viewers ?? []).filter((viewer) => viewer.id !== staff.person?.id),
  )

  function tell(): void {
    if (document.visibilityState !== 'visible') return
    // Lossy by design (lesson L12): the next beat says the same.
    tellViewing(id.value, typing.value !== 'no', typing.value === 'reply').catch(() => undefined)
  }
  const timer = setInterval(tell, VIEW_MS)
  watch([id, typing], tell, { immediate: true })
  onBeforeUnmount(() => clearInterval(timer))

  return { query, others, typing }
}
