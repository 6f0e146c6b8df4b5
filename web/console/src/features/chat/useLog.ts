import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { liveStream, readLive } from '@shared/stream/stream'
import { listMessages } from './api'
import { keys } from './keys'
import { applyToLog, joinLogs, type Log } from './logic/feed'

const PAGE = 50

/** The messages of a conversation: the newest first read, older on demand, new ones by the stream. */
export function useLog(conversationId: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  const id = computed(() => toValue(conversationId))
  const isLoadingOlder = ref(false)
  const olderError = ref<unknown>(null)

  const query = useQuery({
    queryKey: computed(() => keys.log(id.value)),
    enabled: liveStream.mayRead,
    queryFn: ({ queryKey }) => {
      const wanted = queryKey[2]
      return readLive(
        liveStream,
        async (): Promise<Log> => {
          const page = await listMessages(wanted, { limit: PAGE })
          const known = client.getQueryData<Log>(keys.log(wanted))
          const items = joinLogs(known?.items ?? [], page.items)
          const first = items[0]
          return { items, isStart: first === undefined || first.number <= 1, hasGap: false }
        },
        (log, event) => applyToLog(log, event, wanted),
      )
    },
  })

  watch(
    () => query.data.value?.hasGap,
    (hasGap) => {
      if (hasGap) void query.refetch()
    },
  )

  async function loadOlder(): Promise<boolean> {
    const key = keys.log(id.value)
    const first = query.data.value?.items[0]
    if (!first || query.data.value?.isStart || isLoadingOlder.value) return false
    isLoadingOlder.value = true
    olderError.value = null
    try {
      const page = await listMessages(key[2], { before: first.number, limit: PAGE })
      client.setQueryData<Log>(key, (log) => {
        if (!log) return log
        const items = joinLogs(page.items, log.items)
        return { ...log, items, isStart: page.items.length === 0 || (items[0]?.number ?? 1) <= 1 }
      })
      return true
    } catch (error) {
      olderError.value = error
      return false
    } finally {
      isLoadingOlder.value = false
    }
  }

  return { query, isLoadingOlder, olderError, loadOlder }
}
