import { computed, onMounted, ref } from 'vue'
import { learnServerTime, useClock } from '@shared/time/clock'
import { formatFull } from '@shared/time/format'
import { emulator } from '../api/emulator'

/** The business clock of the demo: shown, and put forward. */
export function useClockControl(onError: (error: unknown) => void) {
  const tick = useClock()
  const isBusy = ref(false)
  const offset = ref(0)
  const shown = computed(() => formatFull(tick.value))

  async function take(deed: () => ReturnType<typeof emulator.clock>): Promise<void> {
    isBusy.value = true
    try {
      const clock = await deed()
      offset.value = clock.offset_seconds
      learnServerTime(clock.now)
    } catch (error) {
      onError(error)
    } finally {
      isBusy.value = false
    }
  }

  onMounted(() => take(emulator.clock))
  return { shown, offset, isBusy, forward: (seconds: number) => take(() => emulator.forward(seconds)) }
}
