import { defineFeature } from '@console/feature'

export default defineFeature({
  name: 'auth',
  words: {
    'zh-CN': () => import('./locales/zh-CN.json'),
    en: () => import('./locales/en.json'),
  },
  routes: [
    {
      path: '/sign-in',
      name: 'sign-in',
      meta: { isPublic: true },
      component: () => import('./pages/SignInPage.vue'),
    },
  ],
})
