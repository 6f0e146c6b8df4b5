import type { Box } from './types'

/** The names of what the query cache holds of `chat`. */
export const keys = {
  lists: ['chat', 'list'] as const,
  list: (box: Box, q: string) => ['chat', 'list', box, q] as const,
  counts: ['chat', 'counts'] as const,
  details: ['chat', 'detail'] as const,
  detail: (id: string) => ['chat', 'detail', id] as const,
  logs: ['chat', 'log'] as const,
  log: (id: string) => ['chat', 'log', id] as const,
  history: (id: string) => ['chat', 'history', id] as const,
  agents: ['chat', 'agents'] as const,
  presence: ['chat', 'presence'] as const,
  groups: ['chat', 'groups'] as const,
  canned: (q: string) => ['chat', 'canned', q] as const,
  rendered: (id: string) => ['chat', 'rendered', id] as const,
  greetings: ['chat', 'greetings'] as const,
  supervision: ['chat', 'supervision'] as const,
}
