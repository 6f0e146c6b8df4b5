const DARK = '#10131a'
const LIGHT = '#ffffff'

function part(hex: string): number {
  const value = Number.parseInt(hex, 16) / 255
  return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

/** Relative luminance as WCAG counts it, for `#rrggbb`; anything else counts as dark. */
export function luminance(colour: string): number {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour)
  if (!match) return 0
  return 0.2126 * part(match[1]!) + 0.7152 * part(match[2]!) + 0.0722 * part(match[3]!)
}

/** White or near black, whichever is read more easily on the colour. */
export function readableOn(colour: string): string {
  const light = luminance(colour)
  return 1.05 / (light + 0.05) >= (light + 0.05) / (luminance(DARK) + 0.05) ? LIGHT : DARK
}
