import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { ApiError } from '@shared/api/envelope'
import { toastError } from '@console/parts/errors'
import { useStaff } from '@console/stores/session'
import { keys } from './keys'
import { putConversation } from './useFeed'
import type { Conversation } from './types'

/** Runs an act upon a conversation and puts its answer on screen at once; true if it was done. */
export function useActs() {
  const client = useQueryClient()
  const staff = useStaff()
  const isBusy = ref(false)

  async function run(act: () => Promise<Conversation>): Promise<boolean> {
    if (isBusy.value) return false
    isBusy.value = true
    try {
      putConversation(client, staff.person?.id ?? '', await act())
      return true
    } catch (error) {
      toastError(error)
      // A refusal because things have moved on: show how they stand now.
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
        void client.invalidateQueries({ queryKey: keys.lists })
        void client.invalidateQueries({ queryKey: keys.details })
      }
      return false
    } finally {
      isBusy.value = false
    }
  }

  return { run, isBusy }
}
