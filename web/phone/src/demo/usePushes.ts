import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { emulator } from '../api/emulator'
import type { PhoneEvent, Push } from '../api/types'
import type { Phones } from '../live/phones'

const SOON_MS = 250
/** While a try is open the next look is this far off. */
const PENDING_MS = 1000
const SHOWN = 50

/** Puts a push at the head of the list, or in the place where it was. */
export function putPush(pushes: readonly Push[], push: Push): Push[] {
  const found = pushes.findIndex((held) => held.id === push.id)
  if (found < 0) return [push, ...pushes].slice(0, SHOWN)
  return pushes.map((held, index) => (index === found ? push : held))
}

/** What was pushed for one phone, newest first; looked at again when something happens on it. */
export function usePushes(phones: Phones, phoneId: Ref<string>, appid: Ref<string | null>) {
  const pushes = ref<Push[]>([])
  const failure = ref<unknown>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0

  async function read(): Promise<void> {
    const mine = ++asked
    const phone = phones.states[phoneId.value]?.phone
    if (!phone || !appid.value) return
    try {
      const found = await emulator.pushes(appid.value, phone.openids[appid.value])
      if (mine !== asked) return
      pushes.value = found.slice(0, SHOWN)
      failure.value = null
      if (found.some((push) => push.state === 'pending')) readSoon(PENDING_MS)
    } catch (error) {
      if (mine === asked) failure.value = error
    }
  }

  function readSoon(milliseconds: number): void {
    clearTimeout(timer)
    timer = setTimeout(read, milliseconds)
  }

  function hear(event: PhoneEvent): void {
    if (event.phone_id !== phoneId.value || event.appid !== appid.value) return
    if (event.name === 'push_changed') pushes.value = putPush(pushes.value, event.data.push)
    else if (event.name !== 'typing') readSoon(SOON_MS)
  }

  let unhear: (() => void) | undefined
  onMounted(() => (unhear = phones.onEvent(hear)))
  onBeforeUnmount(() => {
    clearTimeout(timer)
    unhear?.()
  })
  watch(
    [phoneId, appid],
    () => {
      pushes.value = []
      void read()
    },
    { immediate: true },
  )
  return { pushes, failure, read }
}
