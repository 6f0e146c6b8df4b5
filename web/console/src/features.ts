import type { Feature, Panel } from './feature'

const modules = import.meta.glob<{ default: Feature | Panel[] }>('./features/*/{routes,panels}.ts', {
  eager: true,
})

export const features: Feature[] = []
export const panels: Panel[] = []

for (const module of Object.values(modules)) {
  if (Array.isArray(module.default)) panels.push(...module.default)
  else features.push(module.default)
}
panels.sort((one, other) => one.order - other.order)
