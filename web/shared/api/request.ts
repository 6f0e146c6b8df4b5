import { learnServerTime } from '../time/clock'
import { ApiError, openEnvelope } from './envelope'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  headers?: Record<string, string>
  /** Makes a repeat harmless: the server answers it with the first answer. */
  idempotencyKey?: string
  signal?: AbortSignal
  /** Sends no token and never renews one: sign-in, and pages without a person. */
  isPublic?: boolean
  /** Gives up after this long; 0 for answers that stay open. */
  timeoutMs?: number
}

/** Whoever holds the token of this page. */
export interface Authority {
  token(): string | null
  /** Gets a new token; false when the person must sign in again. */
  renew(stale: string | null): Promise<boolean>
}

const TIMEOUT_MS = 20_000
let authority: Authority | null = null
let language = 'zh-CN'

export function setAuthority(next: Authority | null): void {
  authority = next
}

export function setRequestLanguage(next: string): void {
  language = next
}

function address(path: string, query: Call['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null)
  if (pairs.length === 0) return path
  return `${path}?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`
}

/** One signal for "no longer wanted" and "took too long"; AbortSignal.any is too new for the oldest browsers. */
function signalOf(call: Call): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (call.signal?.aborted) abort()
  call.signal?.addEventListener('abort', abort)
  const wait = call.timeoutMs ?? TIMEOUT_MS
  const timer = wait > 0 ? setTimeout(abort, wait) : undefined
  return { signal: controller.signal, done: () => clearTimeout(timer) }
}

async function send(path: string, call: Call, token: string | null): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': language,
    ...call.headers,
  }
  if (token) headers.Authorization = `Bearer ${token}`
  if (call.idempotencyKey) headers['Idempotency-Key'] = call.idempotencyKey
  let body: BodyInit | undefined
  if (call.body instanceof FormData || call.body instanceof Blob) body = call.body
  else if (call.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(call.body)
  }
  const { signal, done } = signalOf(call)
  try {
    return await fetch(address(path, call.query), {
      method: call.method ?? 'GET',
      headers,
      body,
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    })
  } catch (error) {
    if (call.signal?.aborted) throw error
    throw new ApiError({ status: 0, error: 'unreachable' })
  } finally {
    done()
  }
}

async function readBody(answer: Response): Promise<unknown> {
  try {
    return await answer.json()
  } catch {
    return null
  }
}

/** The raw answer, with the token renewed once if it was stale; throws ApiError when no answer comes. */
export async function fetchAnswer(path: string, call: Call = {}): Promise<Response> {
  if (call.isPublic || !authority) return send(path, call, null)
  const token = authority.token()
  const answer = await send(path, call, token)
  if (answer.status !== 401) return answer
  if (!(await authority.renew(token))) return answer
  return send(path, call, authority.token())
}

/** The one way to the server: the attribute of the envelope, or an ApiError. */
export async function request<T>(path: string, call: Call = {}): Promise<T> {
  const answer = await fetchAnswer(path, call)
  learnServerTime(answer.headers.get('X-Guanjia-Time'))
  return openEnvelope<T>(answer.status, await readBody(answer), answer.headers)
}

/** Opens an event stream; a refusal is thrown as the ApiError that its envelope holds. */
export async function openStream(path: string, call: Call = {}): Promise<Response> {
  const answer = await fetchAnswer(path, {
    timeoutMs: 0,
    ...call,
    headers: { Accept: 'text/event-stream', ...call.headers },
  })
  learnServerTime(answer.headers.get('X-Guanjia-Time'))
  if (!answer.ok || !answer.body)
    return openEnvelope<never>(answer.status, await readBody(answer), answer.headers)
  return answer
}

/** A new key for a POST that must not happen twice. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  // Plain http from another host has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
