import { describe, expect, it } from 'vitest'
import { readPlaces, writePlaces } from './address'

describe('the phones in the address', () => {
  it('are read as they were written', () => {
    const places = [
      { phoneId: 'p1', chat: 'wx1' },
      { phoneId: 'p2', chat: null },
    ]
    expect(readPlaces(writePlaces(places))).toEqual(places)
  })

  it('are each there once, and not too many', () => {
    expect(readPlaces('p1,p1~wx,,p2').map((place) => place.phoneId)).toEqual(['p1', 'p2'])
    expect(readPlaces(Array.from({ length: 20 }, (_, at) => `p${at}`).join(','))).toHaveLength(8)
    expect(readPlaces(null)).toEqual([])
  })
})
