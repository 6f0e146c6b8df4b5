import { computed, ref, shallowRef, type Ref } from 'vue'
import { fieldsOf, toastDone } from './errors'

/**
 * One record being written in a drawer. `save` stores it; what the server refuses stays with the form, its
 * sentences beneath their fields.
 */
export function useEditing<T extends object>(done: string | (() => string), afterwards: () => void) {
  const record = ref<T | null>(null) as Ref<T | null>
  const isBusy = ref(false)
  const error = shallowRef<unknown>(null)
  const first = ref('')
  const isDirty = computed(() => record.value !== null && JSON.stringify(record.value) !== first.value)
  const fields = computed(() => fieldsOf(error.value))

  /** The sentence for a field; a list's or object's faults may be named `members[0].capacity`. */
  function fault(name: string): string {
    const exact = fields.value[name]
    if (exact) return exact
    const inner = Object.keys(fields.value).find(
      (key) => key.startsWith(`${name}[`) || key.startsWith(`${name}.`),
    )
    return inner ? (fields.value[inner] ?? '') : ''
  }

  function open(next: T): void {
    record.value = JSON.parse(JSON.stringify(next)) as T
    first.value = JSON.stringify(record.value)
    error.value = null
  }

  function close(): void {
    record.value = null
    error.value = null
  }

  async function submit(save: (record: T) => Promise<unknown>): Promise<boolean> {
    if (!record.value || isBusy.value) return false
    isBusy.value = true
    error.value = null
    try {
      await save(record.value)
      toastDone(typeof done === 'string' ? done : done())
      close()
      afterwards()
      return true
    } catch (failure) {
      error.value = failure
      return false
    } finally {
      isBusy.value = false
    }
  }

  return { record, isBusy, error, isDirty, fault, open, close, submit }
}

export type Editing<T extends object> = ReturnType<typeof useEditing<T>>
