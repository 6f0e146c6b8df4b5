/** Reads a message's content, which comes from outside and may hold anything. */

export function textOf(content: Record<string, unknown>, key: string): string {
  const value = content[key]
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : ''
}

export function numberOf(content: Record<string, unknown>, key: string): number | null {
  const value = typeof content[key] === 'string' ? Number.parseFloat(content[key]) : content[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export interface TextPiece {
  text: string
  /** Set for a web address; only http and https become links. */
  href: string
}

const ADDRESS = /https?:\/\/[^\s<>"'\u3000-\u303f\uff00-\uffef]+/g

/** A text as pieces, with its web addresses apart. */
export function piecesOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let end = 0
  for (const found of text.matchAll(ADDRESS)) {
    if (found.index > end) pieces.push({ text: text.slice(end, found.index), href: '' })
    pieces.push({ text: found[0], href: found[0] })
    end = found.index + found[0].length
  }
  if (end < text.length || pieces.length === 0) pieces.push({ text: text.slice(end), href: '' })
  return pieces
}

/** An address of the web, or nothing: never `javascript:`. */
export function safeLink(address: string): string {
  return /^https?:\/\//i.test(address) ? address : ''
}
