/** A phone on the page and the chat that lies open on it. */
export interface Place {
  phoneId: string
  chat: string | null
}

const STORED = 'guanjia.phones'
const MOST = 8

/** `?phones=ID~APPID,ID`: which phones, and what each shows. */
export function readPlaces(text: string | null): Place[] {
  const places: Place[] = []
  for (const part of (text ?? '').split(',')) {
    const [phoneId, chat] = part.split('~')
    if (phoneId && !places.some((place) => place.phoneId === phoneId))
      places.push({ phoneId, chat: chat || null })
  }
  return places.slice(0, MOST)
}

export function writePlaces(places: readonly Place[]): string {
  return places.map(({ phoneId, chat }) => (chat ? `${phoneId}~${chat}` : phoneId)).join(',')
}

/** What the address asks for, else what stood here the last time. */
export function firstPlaces(): Place[] {
  const asked = readPlaces(new URLSearchParams(location.search).get('phones'))
  return asked.length > 0 ? asked : readPlaces(localStorage.getItem(STORED))
}

export function keepPlaces(places: readonly Place[]): void {
  const text = writePlaces(places)
  localStorage.setItem(STORED, text)
  const address = new URL(location.href)
  if (text) address.searchParams.set('phones', text)
  else address.searchParams.delete('phones')
  history.replaceState(null, '', address.href.replaceAll('%7E', '~').replaceAll('%2C', ','))
}

/** `?transport=poll` asks instead of listening, to see that it works too. */
export function wantsPolling(): boolean {
  return new URLSearchParams(location.search).get('transport') === 'poll'
}
