import { i18n } from '@shared/i18n/i18n'
import { defineFeature } from '@console/feature'
import { words } from './words'

export default defineFeature({
  name: 'crm',
  words,
  routes: [],
  search: async (sought, signal) => {
    const { listCustomers } = await import('./api')
    const page = await listCustomers(sought, signal)
    return page.items.slice(0, 8).map((customer) => ({
      id: customer.id,
      title: customer.name,
      detail: [customer.remark, ...customer.tags].filter(Boolean).join(' · '),
      kind: i18n.global.t('crm.customer'),
      to: `/workbench?customer=${encodeURIComponent(customer.id)}`,
    }))
  },
})
