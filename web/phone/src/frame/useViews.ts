import { computed, ref } from 'vue'
import type { View } from './device'

const HOME: View = { name: 'tabs', tab: 'chats' }

/** The pages that lie over each other on one phone; the first is always the tabs. */
export function useViews(chat?: string) {
  const stack = ref<View[]>(chat ? [HOME, { name: 'chat', appid: chat }] : [HOME])
  const view = computed(() => stack.value[stack.value.length - 1]!)
  const openChat = computed(() => {
    for (let at = stack.value.length - 1; at >= 0; at--) {
      const held = stack.value[at]!
      if (held.name === 'chat') return held.appid
    }
    return null
  })

  return {
    view,
    /** The account whose chat lies open, or beneath another page. */
    openChat,
    go(next: View): void {
      stack.value = next.name === 'tabs' ? [next] : [...stack.value, next]
    },
    goFromList(next: View): void {
      stack.value = [HOME, next]
    },
    back(): void {
      if (stack.value.length > 1) stack.value = stack.value.slice(0, -1)
    },
  }
}
