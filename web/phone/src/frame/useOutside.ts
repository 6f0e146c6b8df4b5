import { onBeforeUnmount, onMounted, type Ref } from 'vue'

/** Calls `leave` when something outside of the part is pressed. */
export function useOutside(part: Ref<HTMLElement | undefined>, leave: () => void): void {
  const press = (event: PointerEvent) => {
    if (!part.value?.contains(event.target as Node)) leave()
  }
  onMounted(() => document.addEventListener('pointerdown', press))
  onBeforeUnmount(() => document.removeEventListener('pointerdown', press))
}
