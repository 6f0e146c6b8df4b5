import PhonesPage from './demo/PhonesPage.vue'
import { start } from './start'

void start(PhonesPage)
