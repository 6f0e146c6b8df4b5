import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import { readConversation, saveDraft } from './api'
import { DraftKeeper } from './logic/draft'
import type { Draft } from './types'

/** The words and the mode of one conversation's composer; `conversationId` never changes for a composer. */
export function useDraft(conversationId: string, fromServer: Ref<Draft | null | undefined>) {
  const keeper = new DraftKeeper(`guanjia.draft.${conversationId}`, {
    save: (draft) => saveDraft(conversationId, draft),
    version: async () => (await readConversation(conversationId)).draft?.version ?? 0,
    store: localStorage,
    later: (run, milliseconds) => {
      const timer = setTimeout(run, milliseconds)
      return () => clearTimeout(timer)
    },
  })
  const text = ref(keeper.current.text)
  const isNote = ref(keeper.current.isNote)

  watch(
    fromServer,
    (draft) => {
      if (draft === undefined || !keeper.adopt(draft)) return
      text.value = keeper.current.text
      isNote.value = keeper.current.isNote
    },
    { immediate: true },
  )
  watch([text, isNote], () => keeper.write({ text: text.value, isNote: isNote.value }))
  onBeforeUnmount(() => void keeper.flush())

  return { text, isNote }
}
