import { onBeforeUnmount, ref } from 'vue'

/** A shorter press was a slip. */
const SHORTEST_MS = 600
const LONGEST_MS = 60_000
const TYPES: [type: string, extension: string][] = [
  ['audio/mp4', 'm4a'],
  ['audio/webm;codecs=opus', 'webm'],
  ['audio/ogg;codecs=opus', 'ogg'],
]

export interface Recording {
  file: Blob
  name: string
  seconds: number
}

export type RecorderState = 'idle' | 'asking' | 'recording'

/** True if this browser, on this address, can record at all. */
export function canRecord(): boolean {
  return typeof MediaRecorder !== 'undefined' && !!navigator.mediaDevices?.getUserMedia
}

/** The type this browser records, and the ending of its file. */
export function recordingType(isSupported: (type: string) => boolean): [string, string] {
  return TYPES.find(([type]) => isSupported(type)) ?? ['', 'webm']
}

/** Records from the microphone between `start` and `stop`; refuses by `onRefused` where there is none. */
export function useRecorder(hooks: {
  onVoice(recording: Recording): void
  onShort(): void
  onRefused(): void
}) {
  const state = ref<RecorderState>('idle')
  let recorder: MediaRecorder | null = null
  let isWanted = false
  let limit: ReturnType<typeof setTimeout> | undefined

  function free(): void {
    clearTimeout(limit)
    recorder?.stream.getTracks().forEach((track) => track.stop())
    recorder = null
    state.value = 'idle'
  }

  async function start(): Promise<void> {
    if (state.value !== 'idle') return
    isWanted = true
    state.value = 'asking'
    let stream: MediaStream
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true })
    } catch {
      state.value = 'idle'
      hooks.onRefused()
      return
    }
    if (!isWanted) {
      stream.getTracks().forEach((track) => track.stop())
      state.value = 'idle'
      return
    }
    const [type, extension] = recordingType((one) => MediaRecorder.isTypeSupported(one))
    recorder = new MediaRecorder(stream, type ? { mimeType: type } : undefined)
    const parts: Blob[] = []
    const begun = performance.now()
    recorder.ondataavailable = (event) => parts.push(event.data)
    recorder.onstop = () => {
      const milliseconds = performance.now() - begun
      const file = new Blob(parts, { type: (type || 'audio/webm').split(';')[0] })
      const isKept = isWanted
      free()
      if (!isKept) return
      if (milliseconds < SHORTEST_MS) hooks.onShort()
      else hooks.onVoice({ file, name: `voice.${extension}`, seconds: Math.round(milliseconds / 1000) || 1 })
    }
    recorder.start()
    state.value = 'recording'
    limit = setTimeout(stop, LONGEST_MS)
  }

  function stop(): void {
    if (state.value === 'asking') isWanted = false
    if (recorder?.state === 'recording') recorder.stop()
  }

  function cancel(): void {
    isWanted = false
    if (recorder?.state === 'recording') recorder.stop()
  }

  onBeforeUnmount(cancel)
  return { state, start, stop, cancel }
}
