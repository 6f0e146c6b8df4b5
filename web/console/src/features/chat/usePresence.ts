import { computed } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { toastError } from '@console/parts/errors'
import { useStaff } from '@console/stores/session'
import { beat, readPresence, setPresence } from './api'
import { keys } from './keys'
import type { AgentStatus } from './types'

/** Whether this agent takes work. */
export function usePresence() {
  const client = useQueryClient()
  const staff = useStaff()
  const query = useQuery({
    queryKey: keys.presence,
    queryFn: readPresence,
    enabled: computed(() => staff.may('chat.conversations.write')),
  })
  const status = computed<AgentStatus>(() => query.data.value?.status ?? 'offline')

  async function choose(next: AgentStatus): Promise<void> {
    const before = query.data.value
    client.setQueryData(keys.presence, { status: next, since: null })
    try {
      client.setQueryData(keys.presence, await setPresence(next))
      void client.invalidateQueries({ queryKey: keys.lists })
    } catch (error) {
      client.setQueryData(keys.presence, before)
      toastError(error)
    }
  }

  return { query, status, choose }
}

/** Keeps the presence alive while any tab of the console is open; returns the end of it. */
export function keepPresence(status: () => AgentStatus, onLost: () => void): () => void {
  const worker = new Worker(new URL('./ticker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = () => {
    if (status() === 'offline') return
    beat().catch(onLost)
  }
  return () => worker.terminate()
}
