import { defineAsyncComponent } from 'vue'
import { definePanels } from '@console/feature'
import { words } from './words'

export default definePanels([
  {
    id: 'crm-customer',
    place: 'conversation',
    order: 10,
    component: defineAsyncComponent(() => import('./components/CustomerPanel.vue')),
    words,
  },
])
