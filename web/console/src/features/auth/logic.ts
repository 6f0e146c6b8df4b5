import type { Organisation } from './types'

export interface OrganisationNode extends Organisation {
  children: OrganisationNode[]
}

/** The flat list as a forest; an organisation whose parent is not visible stands at the top. */
export function growOrganisations(items: Organisation[]): OrganisationNode[] {
  const nodes = new Map(items.map((item) => [item.id, { ...item, children: [] as OrganisationNode[] }]))
  const roots: OrganisationNode[] = []
  for (const node of nodes.values()) {
    const parent = node.parent_id ? nodes.get(node.parent_id) : undefined
    ;(parent ? parent.children : roots).push(node)
  }
  return roots
}

/** Where an organisation may move: anywhere but into itself and what is below it. */
export function movableTo(items: Organisation[], moving: Organisation): Organisation[] {
  return items.filter((item) => item.is_active && item.id !== moving.id && !item.path.startsWith(moving.path))
}

/** Names from the company down. */
export function pathName(items: Organisation[], id: string): string {
  const byId = new Map(items.map((item) => [item.id, item]))
  const names: string[] = []
  for (
    let at = byId.get(id);
    at && names.length < 20;
    at = at.parent_id ? byId.get(at.parent_id) : undefined
  ) {
    names.unshift(at.name)
  }
  return names.join(' / ')
}

/** The forest as rows, parents first, with their depth. */
export function flatten(nodes: OrganisationNode[], depth = 0): (Organisation & { depth: number })[] {
  return nodes.flatMap(({ children, ...node }) => [{ ...node, depth }, ...flatten(children, depth + 1)])
}
