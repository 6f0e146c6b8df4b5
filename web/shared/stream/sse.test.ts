import { describe, expect, it } from 'vitest'
import { FrameReader } from './sse'

const text =
  ': hello\n\nid: chat:1\nevent: ready\ndata: {}\n\nid: chat:2\r\nevent: said\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:x\n\n'
const frames = [
  { id: 'chat:1', event: 'ready', data: '{}' },
  { id: 'chat:2', event: 'said', data: '{"a":\n1}' },
  { id: null, event: 'message', data: 'x' },
]

describe('FrameReader', () => {
  it('reads frames whole', () => {
    expect(new FrameReader().push(text)).toEqual(frames)
  })

  it('reads the same frames wherever the chunks are cut', () => {
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new FrameReader()
      expect([...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))]).toEqual(frames)
    }
  })

  it('keeps an unfinished frame for later', () => {
    const reader = new FrameReader()
    expect(reader.push('data: 1\n')).toEqual([])
    expect(reader.push('\n')).toEqual([{ id: null, event: 'message', data: '1' }])
  })
})
