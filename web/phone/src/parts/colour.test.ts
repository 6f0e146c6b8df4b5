import { describe, expect, it } from 'vitest'
import { luminance, readableOn } from './colour'

const contrast = (one: string, other: string) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

describe('the letter on an avatar', () => {
  it.each(['#000000', '#ffffff', '#0a7d45', '#95ec69', '#777777', '#f0ad4e'])(
    'can be read on %s',
    (colour) => {
      expect(contrast(colour, readableOn(colour))).toBeGreaterThanOrEqual(4.3)
    },
  )
})
