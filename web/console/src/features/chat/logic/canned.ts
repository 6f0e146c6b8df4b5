import type { CannedReply } from '../types'

/** The words behind a slash that open the picker: the whole text is `/words`, without a break. */
export function slashWords(text: string): string | null {
  const found = /^\/([^\s/][^\n]{0,20})?$/.exec(text)
  return found ? (found[1] ?? '') : null
}

/** How well a reply answers the words; 0 hides it. Initials of the title (kszx) come first. */
export function score(reply: CannedReply, words: string): number {
  const sought = words.trim().toLowerCase()
  if (!sought) return 1
  const initials = reply.initials.toLowerCase()
  const title = reply.title.toLowerCase()
  if (initials.startsWith(sought)) return 6
  if (title.startsWith(sought)) return 5
  if (initials.includes(sought)) return 4
  if (title.includes(sought)) return 3
  if (reply.category.toLowerCase().includes(sought)) return 2
  return reply.text.toLowerCase().includes(sought) ? 1 : 0
}

export function findCanned(replies: CannedReply[], words: string, limit = 50): CannedReply[] {
  return replies
    .map((reply) => ({ reply, points: score(reply, words) }))
    .filter((one) => one.points > 0)
    .sort((one, other) => other.points - one.points || one.reply.sort - other.reply.sort)
    .slice(0, limit)
    .map((one) => one.reply)
}

/** What may stand in braces in a canned reply or a greeting. */
export const VARIABLES = ['greeting', 'customer', 'remark', 'agent', 'company', 'account']
