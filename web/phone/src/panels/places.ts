/** Places to choose from, gcj02; their names stand in the locale files. */
export interface Place {
  key: string
  latitude: number
  longitude: number
}

export const PLACES: Place[] = [
  { key: 'square', latitude: 39.90872, longitude: 116.39748 },
  { key: 'bund', latitude: 31.23962, longitude: 121.49087 },
  { key: 'ring_road', latitude: 30.65741, longitude: 104.06584 },
  { key: 'service_area', latitude: 31.38617, longitude: 120.98066 },
  { key: 'dealer', latitude: 31.19824, longitude: 121.43654 },
  { key: 'home', latitude: 22.54286, longitude: 114.05956 },
]

export interface Coordinates {
  latitude: number
  longitude: number
}

/** Coordinates as typed: latitude, then longitude, any blank or comma between; null if they are none. */
export function readCoordinates(text: string): Coordinates | null {
  const found = text.trim().split(/[\s,\uff0c]+/)
  if (found.length !== 2 || !found.every((part) => /^-?\d{1,3}(\.\d+)?$/.test(part))) return null
  const [latitude, longitude] = found.map(Number) as [number, number]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : null
}
