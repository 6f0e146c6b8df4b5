/** The wire types of each service from `docs/openapi/<service>.json` into `shared/api/generated/<service>`. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'

const specifications = fileURLToPath(new URL('../../docs/openapi', import.meta.url))
const generated = fileURLToPath(new URL('../shared/api/generated', import.meta.url))

const names = existsSync(specifications)
  ? readdirSync(specifications)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -5))
  : []
if (names.length === 0) console.log('generate: docs/openapi is empty, nothing to do')

for (const name of names) {
  const input = `${specifications}/${name}.json`
  const output = `${generated}/${name}`
  const hash = createHash('sha256')
    .update(readFileSync(input))
    .update(readFileSync(import.meta.filename))
    .digest('hex')
  const stamp = `${output}/.specification`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) continue
  await createClient({
    input,
    output: { path: output, clean: true },
    plugins: ['@hey-api/typescript'],
    logs: { level: 'silent' },
  })
  mkdirSync(output, { recursive: true })
  writeFileSync(stamp, hash)
  console.log(`generate: ${name}`)
}
