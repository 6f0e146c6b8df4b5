const FIRST_MS = 500
const LONGEST_MS = 20_000

/** Milliseconds before try number `attempt` (from 0): doubling, with full jitter above a floor (lesson L7). */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}
