import type { Conversation } from '../types'
import type { SendLimit } from './countdown'

export type Bar = 'none' | 'closed' | 'queued' | 'colleague' | 'expired' | 'used_up'

/** Why this agent can't reply to the customer now; the server decides in the end. */
export function replyBar(
  conversation: Conversation,
  me: string,
  isSupervisor: boolean,
  limit: SendLimit,
): Bar {
  if (conversation.state === 'closed') return 'closed'
  const isConsulted = conversation.consulted.some((person) => person.id === me)
  const isMine = conversation.agent_id === me || isConsulted
  if (!isMine && !isSupervisor)
    return conversation.state === 'queued' || !conversation.agent_id ? 'queued' : 'colleague'
  if (!isMine && conversation.state === 'queued') return 'queued'
  if (limit.kind === 'expired') return 'expired'
  return limit.kind === 'used_up' ? 'used_up' : 'none'
}

export const LONGEST = 600
export const LONGEST_NOTE = 2000
const BYTES = 2048

/** WeChat's limits of a text: 600 signs as we count them, 2048 bytes as it does. A note has a limit of its own. */
export function measure(
  text: string,
  isNote: boolean,
): { length: number; longest: number; isTooLong: boolean } {
  const length = Array.from(text).length
  if (isNote) return { length, longest: LONGEST_NOTE, isTooLong: length > LONGEST_NOTE }
  const isTooLong = length > LONGEST || new TextEncoder().encode(text).length > BYTES
  return { length, longest: LONGEST, isTooLong }
}

export const PICTURES = ['image/jpeg', 'image/png', 'image/gif']
export const PICTURE_BYTES = 10 * 1024 * 1024

export function pictureFault(file: { type: string; size: number }): 'type' | 'size' | null {
  if (!PICTURES.includes(file.type)) return 'type'
  return file.size > PICTURE_BYTES ? 'size' : null
}
