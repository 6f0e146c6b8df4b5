/** A piece of a text message, as WeChat shows it. */
export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; url: string }
  /** `<a href="weixin://bizmsgmenu?…">`: a tap sends the text as a message. */
  | { kind: 'item'; text: string; itemId: string; said: string }

const ANCHOR = /<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>([\s\S]*?)<\/a>/gi
const ADDRESS = /https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+/g

function plain(text: string, pieces: Piece[]): void {
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const url = match[0].replace(/[.,;:!?)]+$/, '')
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) })
    pieces.push({ kind: 'link', text: url, url })
    from = match.index + url.length
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) })
}

function anchor(href: string, text: string): Piece {
  const address = href.replace(/&amp;/g, '&')
  if (/^weixin:\/\/bizmsgmenu\?/i.test(address)) {
    const query = new URLSearchParams(address.slice(address.indexOf('?') + 1))
    return {
      kind: 'item',
      text,
      itemId: query.get('msgmenuid') ?? '',
      said: query.get('msgmenucontent') ?? text,
    }
  }
  // Anything but a web address (javascript:, data:) stays words.
  return /^(https?:)?\/\//i.test(address) || address.startsWith('/')
    ? { kind: 'link', text, url: address }
    : { kind: 'text', text }
}

/** Text with the links that WeChat makes tappable; every other tag stays as it was written. */
export function readRichText(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ANCHOR)) {
    if (match.index > from) plain(text.slice(from, match.index), pieces)
    pieces.push(anchor(match[1] ?? match[2] ?? '', match[3] ?? ''))
    from = match.index + match[0].length
  }
  if (from < text.length) plain(text.slice(from), pieces)
  return pieces
}
