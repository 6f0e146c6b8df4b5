import { ApiError } from '@shared/api/envelope'
import { openStream, request } from '@shared/api/request'
import { readFrames } from '@shared/stream/source'
import type { Frame } from '@shared/stream/sse'
import type { PhoneEvent } from '../api/types'

const PATH = '/emulator/phones/events'
const WAIT_SECONDS = 25
/** So many streams in a row that ended without a word mean that something between buffers them. */
const SILENT_STREAMS = 2
const FIRST_WORD_MS = 30_000

interface Polled {
  items: PhoneEvent[]
  number: number
}

interface Query {
  phones: string
  after: number | null
}

/** Where frames come from; a seam for tests. */
export interface Lines {
  stream(query: Query, signal: AbortSignal): AsyncIterable<Frame[]>
  poll(query: Query, signal: AbortSignal): Promise<Polled>
}

const network: Lines = {
  async *stream(query, signal) {
    yield* readFrames(await openStream(PATH, { query: { ...query }, signal, isPublic: true }))
  },
  poll: (query, signal) =>
    request<Polled>(PATH, {
      query: { ...query, wait: query.after === null ? 0 : WAIT_SECONDS },
      signal,
      isPublic: true,
      timeoutMs: (WAIT_SECONDS + 15) * 1000,
    }),
}

/** The one cursor of all phones, as the shared connection writes cursors. */
export const cursorText = (number: number) => `phones:${number}`

export function cursorNumber(text: string | null): number | null {
  const match = /^phones:(\d+)$/.exec(text ?? '')
  return match ? Number(match[1]) : null
}

function asFrame(event: PhoneEvent): Frame {
  return {
    id: cursorText(event.number),
    event: 'message',
    data: JSON.stringify({ service: 'phones', name: event.name, data: event }),
  }
}

function translate(frame: Frame): Frame {
  if (frame.event === 'ready') {
    const number = (JSON.parse(frame.data || '{}') as { number?: number }).number ?? Number(frame.id ?? 0)
    return { id: cursorText(number), event: 'ready', data: '' }
  }
  return frame.event === 'message' ? asFrame(JSON.parse(frame.data) as PhoneEvent) : frame
}

/**
 * The stream of some phones in the shared connection's terms. It is held open by server-sent events; where these
 * are refused, or come to nothing several times, it asks again and again instead, from the same number.
 */
export class PhoneSource {
  private silent = 0

  constructor(
    private readonly phones: () => string[],
    public isPolling = false,
    private readonly lines: Lines = network,
  ) {}

  async *open(after: string | null, signal: AbortSignal): AsyncGenerator<Frame[]> {
    const query = { phones: this.phones().join(','), after: cursorNumber(after) }
    if (this.isPolling) yield* this.poll(query, signal)
    else yield* this.stream(query, signal)
  }

  private async *stream(query: Query, signal: AbortSignal): AsyncGenerator<Frame[]> {
    let chunks = 0
    const patience = new AbortController()
    const timer = setTimeout(() => {
      if (chunks >= 2) return
      this.isPolling = true
      patience.abort()
    }, FIRST_WORD_MS)
    try {
      for await (const frames of this.lines.stream(query, AbortSignal.any([signal, patience.signal]))) {
        // The first, empty chunk only says that the line stands.
        chunks++
        if (chunks > 1) this.silent = 0
        yield frames.map(translate)
      }
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 406 && error.error !== 'answer_not_understood'))
        throw error
      this.isPolling = true
    } finally {
      clearTimeout(timer)
      if (chunks === 1 && !signal.aborted && ++this.silent >= SILENT_STREAMS) this.isPolling = true
    }
  }

  private async *poll(query: Query, signal: AbortSignal): AsyncGenerator<Frame[]> {
    yield []
    let after = query.after
    for (;;) {
      const answer = await this.lines.poll({ ...query, after }, signal)
      after = answer.number
      yield [...answer.items.map(asFrame), { id: cursorText(after), event: 'ready', data: '' }]
    }
  }
}
