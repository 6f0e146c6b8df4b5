import { describe, expect, it } from 'vitest'
import { recordingType } from './useRecorder'

describe('the type of a recording', () => {
  it('is one that the browser knows, with its own ending', () => {
    expect(recordingType((type) => type.startsWith('audio/webm'))).toEqual(['audio/webm;codecs=opus', 'webm'])
    expect(recordingType((type) => type.startsWith('audio/mp4'))).toEqual(['audio/mp4', 'm4a'])
    expect(recordingType(() => false)).toEqual(['', 'webm'])
  })
})
