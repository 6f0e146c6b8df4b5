import { defineFeature } from '@console/feature'
import { words } from './words'

export default defineFeature({
  name: 'wechat',
  words,
  routes: [
    {
      path: '/settings/accounts',
      name: 'accounts',
      meta: { title: 'accounts.title', permission: 'wechat.accounts.read' },
      component: () => import('./pages/AccountsPage.vue'),
    },
    {
      path: '/settings/keyword-replies',
      name: 'keyword-replies',
      meta: { title: 'keyword_replies.title', permission: 'wechat.replies.read' },
      component: () => import('./pages/KeywordRepliesPage.vue'),
    },
  ],
})
