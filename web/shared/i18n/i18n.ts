import { createI18n } from 'vue-i18n'
import { setRequestLanguage } from '../api/request'

export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
type Words = Record<string, unknown>

/** The words of one part of the pages, a file a language, fetched when needed. */
export type Bundle = Record<Language, () => Promise<{ default: Words }>>

const STORED = 'guanjia.language'

/** What the reader chose before, else the browser's wish, else Chinese. */
export function firstLanguage(stored: string | null, wishes: readonly string[]): Language {
  if (LANGUAGES.includes(stored as Language)) return stored as Language
  for (const wish of wishes) {
    if (/^zh\b/i.test(wish)) return 'zh-CN'
    if (/^en\b/i.test(wish)) return 'en'
  }
  return 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': {}, en: {} },
  missingWarn: false,
  fallbackWarn: false,
})

const bundles: Bundle[] = []
const held = new Map<Language, Set<Bundle>>()

async function load(bundle: Bundle, language: Language): Promise<void> {
  let loaded = held.get(language)
  if (!loaded) held.set(language, (loaded = new Set()))
  if (loaded.has(bundle)) return
  const words = await bundle[language]()
  loaded.add(bundle)
  i18n.global.mergeLocaleMessage(language, words.default)
}

export function currentLanguage(): Language {
  return i18n.global.locale.value as Language
}

/** Makes a part's words known, in the present language now and in any other when it is chosen. */
export async function addWords(bundle: Bundle): Promise<void> {
  if (!bundles.includes(bundle)) bundles.push(bundle)
  await load(bundle, currentLanguage())
}

export async function chooseLanguage(language: Language): Promise<void> {
  await Promise.all(bundles.map((bundle) => load(bundle, language)))
  i18n.global.locale.value = language
  document.documentElement.lang = language
  setRequestLanguage(language)
  localStorage.setItem(STORED, language)
}

/** At start: the language of this reader, with the words of `first`. */
export async function startLanguage(first: Bundle[]): Promise<Language> {
  const language = firstLanguage(localStorage.getItem(STORED), navigator.languages ?? [navigator.language])
  i18n.global.locale.value = language
  document.documentElement.lang = language
  setRequestLanguage(language)
  await Promise.all(first.map(addWords))
  return language
}
