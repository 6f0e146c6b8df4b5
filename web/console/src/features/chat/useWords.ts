import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useQuery } from '@tanstack/vue-query'
import { request } from '@shared/api/request'

/** Sentences of the server for codes that these pages have no words of their own for. */
export function useWords() {
  const { locale } = useI18n()
  const query = useQuery({
    queryKey: computed(() => ['chat', 'words', locale.value]),
    queryFn: () => request<{ words: Record<string, string> }>('/chat/words'),
    staleTime: Infinity,
  })
  return (code: string): string => query.data.value?.words[code] ?? ''
}
