/** Puts the page into the document. */
import { createApp } from 'vue'
import App from './App.vue'
import type { Route } from './route.ts'

export function mount(route: Route): void {
  createApp(App, { route }).mount('#app')
}
