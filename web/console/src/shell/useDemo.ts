import { computed } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import { request } from '@shared/api/request'

/** Whether this platform plays with made-up data and phones. */
export function useDemo() {
  const query = useQuery({
    queryKey: ['gateway', 'time'],
    queryFn: () => request<{ now: string; is_demo: boolean }>('/gateway/time', { isPublic: true }),
    staleTime: Infinity,
  })
  return computed(() => query.data.value?.is_demo === true)
}
