import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { useQuery } from '@tanstack/vue-query'
import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import { currentLanguage } from '@shared/i18n/i18n'

/** The 17 fields of a menu, as the handbook fixes them (R-PLAT-14), and what hangs below it. */
export interface Menu {
  id: string
  menuname: string
  parentid: string | null
  menucode: string
  menuurl: string
  menuicon: string
  urltarget: string
  isactive: boolean
  navmenu: boolean
  isleaf: boolean
  viewtype: string
  sort: number
  remark: string
  children?: Menu[]
}

export interface MenuNode extends Menu {
  children: MenuNode[]
}

/** The menus of the rail, each level in its order; what is inactive or not for navigation is left out. */
export function growMenus(menus: Menu[]): MenuNode[] {
  return menus
    .filter((menu) => menu.isactive && menu.navmenu)
    .map((menu) => ({ ...menu, children: growMenus(menu.children ?? []) }))
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
