/** Where a run of a story stands; kept in the tab, so that a reload goes on. */
export interface Run {
  story: string
  phoneId: string
  /** The step that comes next. */
  next: number
}

const STORED = 'guanjia.story'

export function readRun(text: string | null, story: string): Run | null {
  if (!text) return null
  try {
    const run = JSON.parse(text) as Partial<Run>
    const isWhole = run.story === story && typeof run.phoneId === 'string' && Number.isInteger(run.next)
    return isWhole && run.next! >= 0 ? (run as Run) : null
  } catch {
    return null
  }
}

export const heldRun = (story: string): Run | null => readRun(sessionStorage.getItem(STORED), story)

export function keepRun(run: Run): void {
  sessionStorage.setItem(STORED, JSON.stringify(run))
}
