import { readonly, ref } from 'vue'

/** Milliseconds by which the server's (business) time is ahead of this machine's. */
const offset = ref(0)

/** Takes the server's time out of an answer; small differences are the travel of the answer, and are left alone. */
export function learnServerTime(text: string | null, now: number = Date.now()): void {
  if (!text) return
  const server = Date.parse(text)
  if (Number.isNaN(server)) return
  const found = server - now
  if (Math.abs(found - offset.value) > 1500) offset.value = found
}

/** The server's time in milliseconds. */
export function serverNow(): number {
  return Date.now() + offset.value
}

const tick = ref(serverNow())
let timer: ReturnType<typeof setInterval> | undefined

/** One clock of one second that drives every countdown of the page. */
export function useClock() {
  timer ??= setInterval(() => {
    tick.value = serverNow()
  }, 1000)
  return readonly(tick)
}
