import { defineAsyncComponent } from 'vue'
import { definePanels } from '@console/feature'
import { words } from './words'

export default definePanels([
  {
    id: 'wechat-fan',
    place: 'conversation',
    order: 20,
    component: defineAsyncComponent(() => import('./components/FanPanel.vue')),
    words,
  },
])
