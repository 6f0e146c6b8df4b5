import { readonly, ref } from 'vue'

export type ToastTone = 'done' | 'warning' | 'error'

export interface Toast {
  id: number
  tone: ToastTone
  text: string
  count: number
}

const LASTS_MS: Record<ToastTone, number> = { done: 2500, warning: 6000, error: 6000 }
const list = ref<Toast[]>([])
let last = 0

function drop(id: number): void {
  list.value = list.value.filter((toast) => toast.id !== id)
}

/** A sentence that passes by. The same sentence again only counts. */
export function toast(tone: ToastTone, text: string): void {
  const same = list.value.find((one) => one.tone === tone && one.text === text)
  if (same) {
    same.count += 1
    return
  }
  const id = ++last
  list.value = [...list.value, { id, tone, text, count: 1 }].slice(-5)
  setTimeout(() => drop(id), LASTS_MS[tone])
}

export function useToasts() {
  return { toasts: readonly(list), drop }
}
