import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { addWords } from '@shared/i18n/i18n'
import { useSession } from '@shared/session/session'
import { features, panels } from './features'

declare module 'vue-router' {
  interface RouteMeta {
    /** Open to anybody, without the frame. */
    isPublic?: boolean
    /** The permission whose absence shows the forbidden page at once. */
    permission?: string
    /** A key of the words that name the page in the tab. */
    title?: string
    /** Fills the frame to its edges and scrolls inside. */
    isFull?: boolean
  }
}

const session = useSession()
session.listen()

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    ...features.flatMap((feature) => feature.routes.filter((route) => route.meta?.isPublic)),
    {
      path: '/',
      component: () => import('./shell/ShellFrame.vue'),
      children: [
        { path: '', name: 'home', component: () => import('./shell/HomePage.vue') },
        ...features.flatMap((feature) => feature.routes.filter((route) => !route.meta?.isPublic)),
        { path: 'forbidden', name: 'forbidden', component: () => import('./shell/ForbiddenPage.vue') },
        { path: ':rest(.*)*', name: 'not-found', component: () => import('./shell/NotFoundPage.vue') },
      ],
    },
  ],
})

/** The page asked for, as long as it is one of ours: never another host. */
export function safeReturn(wanted: unknown): string {
  const path = typeof wanted === 'string' ? wanted : ''
  return /^\/(?![/\\])/.test(path) ? path : '/'
}

/** A public page needs its own part's words; the frame shows pieces of every part. */
async function wordsFor(to: RouteLocationNormalized): Promise<void> {
  const needed = features.filter(
    (feature) => !to.meta.isPublic || feature.routes.some((route) => route.name === to.name),
  )
  await Promise.all([...needed, ...(to.meta.isPublic ? [] : panels)].map((part) => addWords(part.words)))
}

router.beforeEach(async (to) => {
  await wordsFor(to)
  if (to.meta.isPublic) return true
  try {
    if (await session.restore()) return true
  } catch {
    // The server is away: the frame shows that, and asks again, rather than throwing the person out.
    return session.person.value ? true : { name: 'sign-in', query: { return: to.fullPath, away: '1' } }
  }
  return { name: 'sign-in', query: to.fullPath === '/' ? {} : { return: to.fullPath } }
})

/** A page of an older release may ask for a piece that is gone: the new release is fetched, once. */
router.onError((_error, to) => {
  const mark = 'guanjia.reloaded'
  const last = Number(sessionStorage.getItem(mark) ?? 0)
  if (Date.now() - last < 30_000) return
  sessionStorage.setItem(mark, String(Date.now()))
  window.location.assign(router.resolve(to.fullPath).href)
})

session.onLeave((isWanted) => {
  const here = router.currentRoute.value
  if (here.meta.isPublic) return
  void router.replace({ name: 'sign-in', query: isWanted ? {} : { return: here.fullPath } })
})
