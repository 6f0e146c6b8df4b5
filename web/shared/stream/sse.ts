export interface Frame {
  id: string | null
  event: string
  data: string
}

/** Server-sent events out of chunks of text, by the HTML standard; comments (heartbeats) yield nothing. */
export class FrameReader {
  private rest = ''
  private id: string | null = null
  private event = ''
  private data: string[] = []
  private skipLineFeed = false

  push(chunk: string): Frame[] {
    const frames: Frame[] = []
    let text = this.rest + chunk
    if (this.skipLineFeed && text.startsWith('\n')) text = text.slice(1)
    this.skipLineFeed = false
    let start = 0
    for (let at = 0; at < text.length; at++) {
      const mark = text[at]
      if (mark !== '\n' && mark !== '\r') continue
      this.line(text.slice(start, at), frames)
      if (mark === '\r') {
        if (text[at + 1] === '\n') at++
        else if (at + 1 === text.length) this.skipLineFeed = true
      }
      start = at + 1
    }
    this.rest = text.slice(start)
    return frames
  }

  private line(line: string, frames: Frame[]): void {
    if (line === '') {
      if (this.data.length > 0 || this.event !== '') {
        frames.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') })
      }
      this.id = null
      this.event = ''
      this.data = []
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    let value = colon < 0 ? '' : line.slice(colon + 1)
    if (value.startsWith(' ')) value = value.slice(1)
    if (field === 'data') this.data.push(value)
    else if (field === 'event') this.event = value
    else if (field === 'id') this.id = value
  }
}
