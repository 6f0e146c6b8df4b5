import { describe, expect, it } from 'vitest'
import { readCoordinates } from './places'

describe('typed coordinates', () => {
  it.each(['31.2304, 121.4737', '31.2304 121.4737', ' 31.2304\uff0c121.4737 '])('%s are read', (text) => {
    expect(readCoordinates(text)).toEqual({ latitude: 31.2304, longitude: 121.4737 })
  })

  it.each(['', '31', '121.4737, 31.2304', '31, 181', 'a, b', '31.2, 121.4, 3', '1e3, 2'])(
    '%s are refused',
    (text) => {
      expect(readCoordinates(text)).toBeNull()
    },
  )
})
