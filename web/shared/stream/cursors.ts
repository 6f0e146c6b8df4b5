/** How far each service's feed has been read: `chat:812,crm:44`. */
export type Cursors = Readonly<Record<string, number>>

export function parseCursors(text: string): Cursors {
  const cursors: Record<string, number> = {}
  for (const part of text.split(',')) {
    const colon = part.lastIndexOf(':')
    const seq = Number(part.slice(colon + 1))
    if (colon > 0 && Number.isSafeInteger(seq) && seq >= 0) cursors[part.slice(0, colon).trim()] = seq
  }
  return cursors
}

export function formatCursors(cursors: Cursors): string {
  return Object.keys(cursors)
    .sort()
    .map((service) => `${service}:${cursors[service]}`)
    .join(',')
}

/** True if `mine` has read everything that `theirs` has. */
export function covers(mine: Cursors, theirs: Cursors): boolean {
  return Object.entries(theirs).every(([service, seq]) => (mine[service] ?? -1) >= seq)
}

/** The further of both, service by service. */
export function furthest(one: Cursors, other: Cursors): Cursors {
  const both: Record<string, number> = { ...one }
  for (const [service, seq] of Object.entries(other)) both[service] = Math.max(both[service] ?? 0, seq)
  return both
}

/**
 * What a tab does with an event that moves the leader's cursors from `before` to `after`:
 * `skip` what it has already, `apply` the next one, `gap` when something between was missed.
 */
export function judge(mine: Cursors, before: Cursors, after: Cursors): 'skip' | 'apply' | 'gap' {
  if (!covers(mine, before)) return 'gap'
  return covers(mine, after) ? 'skip' : 'apply'
}
