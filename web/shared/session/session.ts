import { readonly, shallowRef } from 'vue'
import { ApiError } from '../api/envelope'
import type * as wire from '../api/generated/auth'
import { request, setAuthority } from '../api/request'
import type { Whole } from '../api/whole'

/** The signed-in member of staff. */
export type Person = Whole<wire.Me>
/** The answer of sign-in and of renewal. */
export type Grant = Whole<wire.Grant>

const CHANNEL = 'guanjia-session'
const LOCK = 'guanjia-refresh'
/** Says only that a cookie may exist, so that a first visit asks for nothing that would be refused. */
const MARK = 'guanjia.signed-in'

const person = shallowRef<Person | null>(null)
let accessToken: string | null = null
let renewal: Promise<boolean> | null = null
let channel: BroadcastChannel | null = null
const leavers: ((isWanted: boolean) => void)[] = []

function accept(grant: Grant): void {
  accessToken = grant.access_token
  person.value = grant.staff
  localStorage.setItem(MARK, '1')
}

/** `isWanted`: the person signed out, rather than being thrown out. */
function forget(isWanted = false): void {
  const was = person.value
  accessToken = null
  person.value = null
  localStorage.removeItem(MARK)
  if (was) leavers.forEach((leave) => leave(isWanted))
}

/** One tab at a time turns the refresh token; the cookie is shared, so the next tab turns the new one. */
function alone<T>(deed: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request(LOCK, deed) : deed()
}

async function turnToken(): Promise<boolean> {
  try {
    accept(await alone(() => request<Grant>('/auth/tokens', { method: 'PUT', isPublic: true })))
    return true
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      forget()
      return false
    }
    throw error
  }
}

function renew(stale: string | null): Promise<boolean> {
  if (accessToken !== stale && accessToken !== null) return Promise.resolve(true)
  renewal ??= turnToken().finally(() => {
    renewal = null
  })
  return renewal
}

/** The session of staff in this tab. The access token lives in this memory only. */
export function useSession() {
  return {
    person: readonly(person),

    /** Called once at start. */
    listen(): void {
      setAuthority({ token: () => accessToken, renew })
      if (typeof BroadcastChannel === 'undefined' || channel) return
      channel = new BroadcastChannel(CHANNEL)
      channel.onmessage = (message) => {
        if (message.data === 'signed-out') forget(true)
      }
    },

    /** True if the cookie of an earlier sign-in still counts; throws when the server can't be asked. */
    restore(): Promise<boolean> {
      if (person.value) return Promise.resolve(true)
      return localStorage.getItem(MARK) ? renew(null) : Promise.resolve(false)
    },

    async signIn(login: string, password: string): Promise<void> {
      accept(
        await request<Grant>('/auth/tokens', { method: 'POST', isPublic: true, body: { login, password } }),
      )
    },

    /** Reads the person again, after something about him was changed. */
    async reread(): Promise<void> {
      person.value = await request<Person>('/auth/staff/current')
    },

    async signOut(): Promise<void> {
      try {
        await request('/auth/tokens/current', { method: 'DELETE' })
      } finally {
        channel?.postMessage('signed-out')
        forget(true)
      }
    },

    /** Runs when the session ends, wherever it was ended. */
    onLeave(leave: (isWanted: boolean) => void): void {
      leavers.push(leave)
    },
  }
}
