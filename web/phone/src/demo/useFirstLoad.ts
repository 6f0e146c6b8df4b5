import { ref } from 'vue'

/** What a page reads before it can show anything. */
export function useFirstLoad(read: () => Promise<void>) {
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    state.value = 'loading'
    try {
      await read()
      state.value = 'ready'
    } catch {
      state.value = 'failed'
    }
  }

  return { state, load }
}
