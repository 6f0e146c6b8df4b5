import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/vue-query'
import type { Page } from '@shared/api/envelope'
import { liveStream, readLive } from '@shared/stream/stream'
import { useStaff } from '@console/stores/session'
import { listConversations } from './api'
import { keys } from './keys'
import { applyToPages, order, stableOrder } from './logic/feed'
import type { Box, Conversation } from './types'

const PAGE = 50

/** One box of conversations, kept true by the stream, in an order that holds still under the pointer. */
export function useConversations(box: MaybeRefOrGetter<Box>, q: MaybeRefOrGetter<string>) {
  const staff = useStaff()
  const isHeld = ref(false)

  const query = useInfiniteQuery({
    queryKey: computed(() => keys.list(toValue(box), toValue(q))),
    enabled: liveStream.mayRead,
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<Conversation>) => page.next,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, queryKey, signal }) => {
      const [, , wanted, words] = queryKey
      return readLive(
        liveStream,
        () => listConversations({ box: wanted, q: words, cursor: pageParam, limit: PAGE }, signal),
        (page, event) => {
          const me = staff.person?.id ?? ''
          const scope = { box: wanted, q: words, me, takesNew: pageParam === null }
          return applyToPages([page], event, scope)[0] ?? page
        },
      )
    },
  })

  const byId = computed(() => {
    const found = new Map<string, Conversation>()
    for (const page of query.data.value?.pages ?? []) {
      for (const one of page.items) {
        const known = found.get(one.id)
        if (!known || known.version < one.version) found.set(one.id, one)
      }
    }
    return found
  })
  const wanted = computed(() => order([...byId.value.values()], toValue(box)).map((one) => one.id))
  const ids = ref<string[]>([])
  watch(
    [wanted, isHeld],
    () => {
      ids.value = stableOrder(ids.value, wanted.value, isHeld.value)
    },
    { immediate: true },
  )
  const items = computed(() => ids.value.map((id) => byId.value.get(id)).filter((one) => one !== undefined))

  return { query, items, isHeld }
}
