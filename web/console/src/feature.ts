import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Bundle } from '@shared/i18n/i18n'

/** What a folder under `features/` gives to the console: the default export of its `routes.ts`. */
export interface Feature {
  name: string
  routes: RouteRecordRaw[]
  words: Bundle
  /** Stands in the top bar beside the company's name. */
  figures?: Component
  /** Stands in the top bar before the account menu. */
  presence?: Component
  /** Lives as long as somebody is signed in: listens to the stream, counts, rings. */
  resident?: Component
  /** Answers the search of Ctrl+K. */
  search?: (words: string, signal: AbortSignal) => Promise<Finding[]>
  /** Lines of the `?` sheet. */
  keys?: KeyLine[]
}

export interface Finding {
  id: string
  title: string
  detail: string
  kind: string
  to: string
}

export interface KeyLine {
  /** Alternatives are separate lines; keys pressed together stand in one list. */
  keys: string[]
  /** A key of the feature's words. */
  text: string
}

/** A block of another service's facts inside a page: the default export of a `panels.ts` is a list of these. */
export interface Panel {
  id: string
  /** Where it stands: beside a conversation, … */
  place: 'conversation'
  /** Smaller stands higher. */
  order: number
  component: Component
  words: Bundle
}

export function defineFeature(feature: Feature): Feature {
  return feature
}

export function definePanels(panels: Panel[]): Panel[] {
  return panels
}
