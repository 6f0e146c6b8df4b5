/** The one shape of every JSON answer (conventions: HTTP). */
export interface Envelope<T> {
  code: 0 | 1
  message: string
  prompt: string
  path: string
  attribute: T
}

export interface Failure {
  error: string
  fields?: Record<string, string>
  request_id?: string
  [fact: string]: unknown
}

/** A keyset page. */
export interface Page<T> {
  items: T[]
  next: string | null
}

interface Facts {
  status: number
  error: string
  message?: string
  prompt?: string
  path?: string
  fields?: Record<string, string>
  requestId?: string
  retryAfter?: number | null
  attribute?: Record<string, unknown>
}

/** Any call that did not succeed. `status` 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number
  readonly error: string
  readonly prompt: string
  readonly path: string
  readonly fields: Record<string, string>
  readonly request_id: string
  /** Seconds until another try is welcome, if the server said so. */
  readonly retryAfter: number | null
  readonly attribute: Record<string, unknown>

  constructor(facts: Facts) {
    super(facts.message ?? facts.error)
    this.name = 'ApiError'
    this.status = facts.status
    this.error = facts.error
    this.prompt = facts.prompt ?? ''
    this.path = facts.path ?? ''
    this.fields = facts.fields ?? {}
    this.request_id = facts.requestId ?? ''
    this.retryAfter = facts.retryAfter ?? null
    this.attribute = facts.attribute ?? {}
  }

  /** The network or the server was away: the same call may be made again. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

function isEnvelope(value: unknown): value is Envelope<unknown> {
  return typeof value === 'object' && value !== null && 'code' in value && 'attribute' in value
}

/** The attribute of a success; throws ApiError for everything else. */
export function openEnvelope<T>(status: number, body: unknown, headers: Headers): T {
  const requestId = headers.get('X-Request-Id') ?? ''
  if (!isEnvelope(body)) {
    throw new ApiError({ status, error: status >= 500 ? 'server_away' : 'answer_not_understood', requestId })
  }
  if (status < 400 && body.code === 1) return body.attribute as T
  const failure = (body.attribute ?? {}) as Failure
  const wait = Number.parseInt(headers.get('Retry-After') ?? '', 10)
  throw new ApiError({
    status,
    error: failure.error ?? 'unknown',
    message: body.message,
    prompt: body.prompt,
    path: body.path,
    fields: failure.fields,
    requestId: failure.request_id ?? requestId,
    retryAfter: Number.isFinite(wait) ? wait : null,
    attribute: failure,
  })
}
