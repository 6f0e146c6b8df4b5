// @vitest-environment node
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ['node_modules', 'generated'].includes(entry.name) ? [] : filesUnder(path)
    return [path]
  })
}

const files = filesUnder(root).map((path) => ({ path: relative(root, path), text: '' }))
const sources = files.filter(({ path }) => /\.(vue|ts|css|html|mjs|js)$/.test(path))
for (const source of sources) source.text = readFileSync(join(root, source.path), 'utf8')
const written = sources.filter(({ path }) => !path.endsWith('.test.ts'))

type Words = { [key: string]: string | string[] | Words }
function keysOf(words: Words, before = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? keysOf(value, `${before}${key}.`)
      : [`${before}${key}`],
  )
}
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Words
const chinese = files.map(({ path }) => path).filter((path) => path.endsWith('locales/zh-CN.json'))

describe('house rules', () => {
  it('keeps words in locale files', () => {
    const found = written.filter(({ text }) => /\p{Script=Han}/u.test(text)).map(({ path }) => path)
    expect(found).toEqual([])
  })

  it('keeps files below 500 lines', () => {
    const found = sources.filter(({ text }) => text.split('\n').length > 500).map(({ path }) => path)
    expect(found).toEqual([])
  })

  it('keeps features apart from each other', () => {
    const found = written.flatMap(({ path, text }) => {
      const own = /^(console|h5)\/src\/features\/([^/]+)\//.exec(path)
      if (!own) return []
      return [...text.matchAll(/from '([^']*features\/|(?:\.\.\/)+)([a-z]+)\/[^']*'/g)]
        .filter(([line]) => {
          const target = /from '([^']*)'/.exec(line)![1]!
          const at = target.startsWith('.') ? relative(root, join(root, dirname(path), target)) : target
          const other = /features\/([^/]+)\//.exec(at)
          return other !== null && other[1] !== own[2]
        })
        .map(([line]) => `${path}: ${line}`)
    })
    expect(found).toEqual([])
  })

  it('names no folder or file after nothing', () => {
    const found = files
      .map(({ path }) => path)
      .filter((path) => /(^|\/)(utils?|helpers?|common|base|manager|misc)(\.|\/)/.test(path))
    expect(found).toEqual([])
  })
})

describe('words', () => {
  it('are found', () => {
    expect(chinese.length).toBeGreaterThan(3)
  })

  it.each(chinese)('%s has the same keys in English', (path) => {
    expect(keysOf(read(path.replace('zh-CN', 'en'))).sort()).toEqual(keysOf(read(path)).sort())
  })

  it('exist for every key that the pages use', () => {
    const known = chinese.flatMap((path) => keysOf(read(path)))
    const apps = ['console', 'phone', 'h5', 'widget']
    const missing = written.flatMap(({ path, text }) => {
      if (!apps.some((app) => path.startsWith(`${app}/`))) return []
      const used = [...text.matchAll(/\bt\(\s*'([a-z_]+(?:\.[A-Za-z0-9_-]+)+)'/g)].map((found) => found[1]!)
      const titles = [...text.matchAll(/title: '([a-z_]+\.[a-z_.]+)'/g)].map((found) => found[1]!)
      return [...used, ...titles].filter((key) => !known.includes(key)).map((key) => `${path}: ${key}`)
    })
    expect(missing).toEqual([])
  })
})
