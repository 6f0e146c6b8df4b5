import { defineAsyncComponent } from 'vue'
import { i18n } from '@shared/i18n/i18n'
import { defineFeature } from '@console/feature'
import { words } from './words'

export default defineFeature({
  name: 'chat',
  words,
  routes: [
    {
      path: '/workbench/:id?',
      name: 'workbench',
      meta: { title: 'chat.title', permission: 'chat.conversations.read', isFull: true },
      component: () => import('./pages/WorkbenchPage.vue'),
    },
    {
      path: '/supervision',
      name: 'supervision',
      meta: { title: 'supervision.title', permission: 'chat.supervision.read' },
      component: () => import('./pages/SupervisionPage.vue'),
    },
    {
      path: '/settings/groups',
      name: 'groups',
      meta: { title: 'groups.title', permission: 'chat.groups.read' },
      component: () => import('./pages/GroupsPage.vue'),
    },
    {
      path: '/settings/canned-replies',
      name: 'canned-replies',
      meta: { title: 'canned.title', permission: 'chat.canned.read' },
      component: () => import('./pages/CannedRepliesPage.vue'),
    },
    {
      path: '/settings/greetings',
      name: 'greetings',
      meta: { title: 'greetings.title', permission: 'chat.greetings.read' },
      component: () => import('./pages/GreetingsPage.vue'),
    },
  ],
  figures: defineAsyncComponent(() => import('./components/TodayFigures.vue')),
  presence: defineAsyncComponent(() => import('./components/AgentStatus.vue')),
  resident: defineAsyncComponent(() => import('./components/ChatResident.vue')),
  search: async (sought, signal) => {
    const { listConversations } = await import('./api')
    const page = await listConversations({ box: 'all', q: sought, limit: 8 }, signal)
    return page.items.map((one) => ({
      id: one.id,
      title: one.customer_name,
      detail: one.last_text,
      kind: i18n.global.t('chat.conversation'),
      to: `/workbench/${one.id}${one.state === 'closed' ? '?box=closed' : ''}`,
    }))
  },
  keys: [
    { keys: ['/'], text: 'chat.key_canned' },
    { keys: ['Enter'], text: 'chat.key_send' },
    { keys: ['Shift', 'Enter'], text: 'chat.key_break' },
    { keys: ['Alt', '↑'], text: 'chat.key_previous' },
    { keys: ['Alt', '↓'], text: 'chat.key_next' },
    { keys: ['Alt', 'R'], text: 'chat.key_reply' },
    { keys: ['Alt', 'N'], text: 'chat.key_note' },
    { keys: ['Alt', 'T'], text: 'chat.key_transfer' },
    { keys: ['Alt', 'E'], text: 'chat.key_close' },
  ],
})
