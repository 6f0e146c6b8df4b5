import { onBeforeUnmount, onMounted } from 'vue'
import type { Phones } from '../live/phones'

/** Tells the stream at once when the browser finds or loses the network. */
export function useNetwork(phones: Phones): void {
  const online = () => phones.nudge()
  const offline = () => phones.lost()
  const seen = () => {
    if (!document.hidden && phones.phase.value === 'offline') phones.nudge()
  }
  onMounted(() => {
    window.addEventListener('online', online)
    window.addEventListener('offline', offline)
    document.addEventListener('visibilitychange', seen)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('online', online)
    window.removeEventListener('offline', offline)
    document.removeEventListener('visibilitychange', seen)
  })
}
