import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { useQuery } from '@tanstack/vue-query'
import type { Page } from '@shared/api/envelope'
import type * as wire from '@shared/api/generated/auth'
import { request } from '@shared/api/request'
import { currentLanguage } from '@shared/i18n/i18n'

export type Menu = wire.Menu
export type MenuNode = Omit<Menu, 'children'> & { children: MenuNode[] }

/** The menus of the rail, each level in its order; what is inactive or not for navigation is left out. */
export function growMenus(menus: Menu[]): MenuNode[] {
  return menus
    .filter((menu) => menu.isactive && menu.navmenu)
    .map((menu) => ({ ...menu, children: growMenus(menu.children) }))
    .filter((node) => node.menuurl !== '' || node.children.length > 0)
    .sort((one, other) => one.sort - other.sort || one.menucode.localeCompare(other.menucode))
}

/** The route of a menu, without the console's own prefix. */
export function pathOf(menu: Pick<Menu, 'menuurl'>): string {
  return menu.menuurl.replace(/^\/console(?=\/|$)/, '') || '/'
}

export function firstPath(node: MenuNode): string {
  const child = node.children[0]
  return child ? firstPath(child) : pathOf(node)
}

function holds(node: MenuNode, path: string): boolean {
  const own = pathOf(node)
  if (node.children.length === 0) return own !== '/' && (path === own || path.startsWith(`${own}/`))
  return node.children.some((child) => holds(child, path))
}

export function useMenus() {
  const route = useRoute()
  const query = useQuery({
    queryKey: ['menus', computed(currentLanguage)],
    queryFn: () => request<Page<Menu>>('/auth/menus/current'),
    staleTime: 5 * 60_000,
  })
  const roots = computed(() => growMenus(query.data.value?.items ?? []))
  const current = computed(() => roots.value.find((node) => holds(node, route.path)) ?? null)
  return { query, roots, current, isCurrent: (node: MenuNode) => holds(node, route.path) }
}
