import { computed, onBeforeUnmount, ref } from 'vue'

const PREFIX = 'guanjia.draft.'

function read(): Set<string> {
  const found = new Set<string>()
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith(PREFIX)) continue
    if (!/"text":"\s*"/.test(localStorage.getItem(name) ?? '')) found.add(name.slice(PREFIX.length))
  }
  return found
}

/** Which conversations hold unsent words in this browser. */
export function useDraftMarks() {
  const marks = ref(read())
  const look = () => {
    marks.value = read()
  }
  const timer = setInterval(look, 3000)
  window.addEventListener('storage', look)
  onBeforeUnmount(() => {
    clearInterval(timer)
    window.removeEventListener('storage', look)
  })
  return computed(() => marks.value)
}
