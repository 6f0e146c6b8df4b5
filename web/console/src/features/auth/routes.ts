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
    {
      path: '/password',
      name: 'password',
      meta: { title: 'password.title' },
      component: () => import('./pages/PasswordPage.vue'),
    },
    {
      path: '/settings/organisations',
      name: 'organisations',
      meta: { title: 'organisations.title', permission: 'auth.organisations.read' },
      component: () => import('./pages/OrganisationsPage.vue'),
    },
    {
      path: '/settings/staff',
      name: 'staff',
      meta: { title: 'staff.title', permission: 'auth.staff.read' },
      component: () => import('./pages/StaffPage.vue'),
    },
    {
      path: '/settings/audit',
      name: 'audit',
      meta: { title: 'audit.title', permission: 'auth.audit.read' },
      component: () => import('./pages/AuditPage.vue'),
    },
  ],
})
