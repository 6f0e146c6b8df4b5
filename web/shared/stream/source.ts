import { openStream, request } from '../api/request'
import type { Frame } from './sse'
import { FrameReader } from './sse'

interface Polled {
  items: { service: string; seq: number; name: string; data: unknown }[]
  cursors: string
}

const WAIT_SECONDS = 25

/** The frames of an answer that stays open, chunk by chunk; the first, empty chunk says that it stands. */
export async function* readFrames(answer: Response): AsyncGenerator<Frame[]> {
  const reader = answer.body!.getReader()
  const decoder = new TextDecoder()
  const frames = new FrameReader()
  try {
    yield []
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield frames.push(decoder.decode(value, { stream: true }))
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** The merged stream of some services, held open. */
export async function* streamFrames(
  path: string,
  services: string,
  after: string | null,
  signal: AbortSignal,
): AsyncGenerator<Frame[]> {
  yield* readFrames(await openStream(path, { query: { after, services }, signal }))
}

/** The same frames by asking again and again, where a held stream would cost each tab a connection. */
export async function* pollFrames(
  path: string,
  services: string,
  after: string | null,
  signal: AbortSignal,
): AsyncGenerator<Frame[]> {
  let cursors = after
  for (;;) {
    await untilVisible(signal)
    const answer = await request<Polled>(path, {
      query: { after: cursors, services, wait: cursors === null ? 0 : WAIT_SECONDS },
      signal,
      timeoutMs: (WAIT_SECONDS + 15) * 1000,
    })
    const frames: Frame[] = answer.items.map((item) => ({
      id: `${item.service}:${item.seq}`,
      event: 'message',
      data: JSON.stringify(item),
    }))
    // The last word moves all cursors, also those of services that had nothing for this reader.
    frames.push({ id: answer.cursors, event: 'ready', data: '' })
    cursors = answer.cursors
    yield frames
  }
}

/** A hidden tab asks for nothing: the browser allows six connections to a host, for all tabs together. */
function untilVisible(signal: AbortSignal): Promise<void> {
  if (typeof document === 'undefined' || !document.hidden) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', done)
      resolve()
    }
    document.addEventListener('visibilitychange', done)
    signal.addEventListener('abort', done)
  })
}
