import { defineFeature } from '@console/feature'
import { words } from './words'

export default defineFeature({
  name: 'auth',
  words,
  routes: [
    {
      path: '/sign-in',
      name: 'sign-in',
      meta: { isPublic: true },
      component: () => import('./pages/SignInPage.vue'),
    },
  ],
})
