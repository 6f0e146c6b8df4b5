import { start } from './start'
import StoryPage from './story/StoryPage.vue'

void start(StoryPage)
