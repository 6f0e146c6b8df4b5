import { onBeforeUnmount, reactive, ref, shallowRef, triggerRef } from 'vue'
import { liveStream } from '@shared/stream/stream'
import { serverNow } from '@shared/time/clock'
import type { Phones } from '../live/phones'
import { agent } from './agent'
import { isComplete, PathBuilder, type Path } from './paths'

const READ_AFTER_MS = 250
const READ_AGAIN_MS = 1500
const READS = 4

/** Which service knows the way under which id; one that can't know it is not asked. */
export function sourcesOf(path: Path): [service: string, id: string][] {
  if (path.direction === 'out') {
    if (!path.messageId) return []
    return [[path.author ? 'chat' : 'wechat', path.messageId]]
  }
  if (!path.pushId) return []
  return path.conversationId
    ? [
        ['wechat', path.pushId],
        ['chat', path.pushId],
      ]
    : [['wechat', path.pushId]]
}

/** The live paths of the story's phone. */
export function usePaths(phones: Phones) {
  const builder = shallowRef<PathBuilder | null>(null)
  const changes = ref(0)
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const reads = reactive(new Map<string, number>())

  function later(milliseconds: number, deed: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      deed()
    }, milliseconds)
    timers.add(timer)
  }

  function touch(path: Path | null): void {
    changes.value++
    triggerRef(builder)
    if (!path || reads.has(path.key)) return
    reads.set(path.key, 0)
    later(READ_AFTER_MS, () => void readTimes(path))
  }

  /** Events tell that something happened; the services know when exactly. */
  async function readTimes(path: Path): Promise<void> {
    const held = builder.value
    const count = (reads.get(path.key) ?? 0) + 1
    reads.set(path.key, count)
    const sources = sourcesOf(path)
    if (sources.length > 0) {
      const steps = await agent.path(sources)
      if (held !== builder.value) return
      held?.takeServed(path, steps)
      changes.value++
      triggerRef(builder)
    }
    if (count < READS && !(isComplete(path) && count > 1)) later(READ_AGAIN_MS, () => void readTimes(path))
    else reads.delete(path.key)
  }

  const undo = [
    phones.onEvent((event) => touch(builder.value?.takePhone(event, serverNow()) ?? null)),
    liveStream.onEvent((event) => touch(builder.value?.takeFeed(event, serverNow()) ?? null)),
  ]
  onBeforeUnmount(() => {
    undo.forEach((leave) => leave())
    timers.forEach(clearTimeout)
  })

  return {
    builder,
    /** Grows with every change of any path. */
    changes,
    begin(phoneId: string, openid: () => string | undefined): void {
      timers.forEach(clearTimeout)
      timers.clear()
      reads.clear()
      builder.value = new PathBuilder(phoneId, openid)
    },
  }
}
