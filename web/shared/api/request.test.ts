import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApiError } from './envelope'
import { request, setAuthority } from './request'

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
}
const ok = (attribute: unknown) => ({ code: 1, message: '', prompt: '', path: '', attribute })
const failed = (error: string, more: object = {}) => ({
  code: 0,
  message: 'said so',
  prompt: 'do this',
  path: '/console/sign-in',
  attribute: { error, request_id: 'r-1', ...more },
})

describe('request', () => {
  const calls = vi.fn<typeof fetch>()
  beforeEach(() => {
    calls.mockReset()
    vi.stubGlobal('fetch', calls)
  })
  afterEach(() => {
    setAuthority(null)
    vi.unstubAllGlobals()
  })

  async function failure(): Promise<ApiError> {
    return request('/x').then(
      () => Promise.reject(new Error('did not fail')),
      (error: ApiError) => error,
    )
  }

  it('opens the envelope', async () => {
    calls.mockResolvedValue(answer(200, ok({ items: [1], next: null })))
    expect(await request('/x', { query: { a: 1, b: null, c: 'ä' } })).toEqual({ items: [1], next: null })
    expect(calls.mock.calls[0]![0]).toBe('/x?a=1&c=%C3%A4')
  })

  it('throws what the server said, with fields, request id and waiting time', async () => {
    calls.mockResolvedValue(answer(422, failed('invalid', { fields: { name: 'too long' } })))
    expect(await failure()).toMatchObject({
      status: 422,
      error: 'invalid',
      message: 'said so',
      prompt: 'do this',
      fields: { name: 'too long' },
      request_id: 'r-1',
      retryAfter: null,
    })
    calls.mockResolvedValue(answer(429, failed('throttled'), { 'Retry-After': '17' }))
    expect((await failure()).retryAfter).toBe(17)
  })

  it('calls an answer of something else than our server by its status', async () => {
    calls.mockResolvedValue(answer(502, '<html>bad gateway</html>'))
    expect(await failure()).toMatchObject({ status: 502, error: 'server_away', isTransient: true })
    calls.mockResolvedValue(answer(200, 'plain text'))
    expect(await failure()).toMatchObject({ error: 'answer_not_understood' })
  })

  it('tells a lost network from a refusal', async () => {
    calls.mockRejectedValue(new TypeError('Failed to fetch'))
    expect(await failure()).toMatchObject({ status: 0, error: 'unreachable', isTransient: true })
  })

  it('renews a stale token once and repeats the call with the new one', async () => {
    let token = 'old'
    setAuthority({
      token: () => token,
      renew: async (stale) => {
        expect(stale).toBe('old')
        token = 'new'
        return true
      },
    })
    calls.mockImplementation(async (_url, init) => {
      const sent = (init!.headers as Record<string, string>).Authorization
      return sent === 'Bearer new' ? answer(200, ok(1)) : answer(401, failed('token_expired'))
    })
    expect(await request('/x', { method: 'POST', body: { a: 1 }, idempotencyKey: 'k' })).toBe(1)
    expect(calls).toHaveBeenCalledTimes(2)
    expect(calls.mock.calls[1]![1]!.headers).toMatchObject({ 'Idempotency-Key': 'k' })
  })

  it('gives the refusal when the token can not be renewed', async () => {
    setAuthority({ token: () => 'old', renew: async () => false })
    calls.mockResolvedValue(answer(401, failed('token_expired')))
    expect(await failure()).toMatchObject({ status: 401 })
    expect(calls).toHaveBeenCalledTimes(1)
  })
})
