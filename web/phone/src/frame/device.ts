import { inject, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import type { Account } from '../api/types'
import type { Phones } from '../live/phones'
import type { PhoneState } from '../live/screen'

export type TabName = 'chats' | 'contacts' | 'discover' | 'me'

/** What a phone's screen can show. */
export type View =
  | { name: 'tabs'; tab: TabName }
  | { name: 'chat'; appid: string }
  | { name: 'profile'; appid: string }
  | { name: 'search' }
  | { name: 'scan' }
  | { name: 'location'; appid: string }
  | { name: 'web'; url: string; title: string }

/** What the pages of a phone know of the phone that they are on. */
export interface Device {
  id: string
  state: ComputedRef<PhoneState>
  phones: Phones
  accounts: Ref<Account[]>
  drafts: Record<string, string>
  /** Where the keyboard was chosen instead of the account's menu. */
  keyboards: Record<string, boolean>
  go(view: View): void
  back(): void
  /** Shows the view as if it had been reached from the list of chats. */
  goFromList(view: View): void
  /** A few words over the screen that go away by themselves. */
  say(text: string): void
  /** Says what went wrong with a call. */
  sayError(error: unknown): void
  show(picture: string): void
}

export const DEVICE: InjectionKey<Device> = Symbol('device')

export function useDevice(): Device {
  const device = inject(DEVICE)
  if (!device) throw new Error('only inside a phone')
  return device
}
