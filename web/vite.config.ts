import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { compress } from './tools/compress.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** One entry a front end; a folder joins the build by having an index.html. */
const apps = ['console', 'phone', 'h5', 'widget'].filter((app) => existsSync(here(`${app}/index.html`)))

/** Where `npm run dev` sends what is not a page: a running `guanjia up`. */
const backend = process.env.GUANJIA_BACKEND ?? 'http://127.0.0.1:8000'
const services = ['auth', 'gateway', 'chat', 'crm', 'wechat', 'emulator', 'files', 'health', 'registry']

/** `npm run dev` only: every address under an app's folder is its page, as the gateway does it. */
const deepLinks = {
  name: 'guanjia-deep-links',
  configureServer(server: {
    middlewares: { use(handle: (request: { url?: string }, _: unknown, next: () => void) => void): void }
  }) {
    server.middlewares.use((request, _, next) => {
      const found = /^\/([a-z0-9]+)\/(?!src\/)[^.?]*(\?|$)/.exec(request.url ?? '')
      if (found && apps.includes(found[1]!)) request.url = `/${found[1]}/index.html`
      next()
    })
  },
}

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  resolve: {
    alias: {
      '@shared': here('shared'),
      '@console': here('console/src'),
      '@phone': here('phone/src'),
    },
  },
  plugins: [
    vue(),
    Components({
      dirs: [],
      dts: here('components.d.ts'),
      resolvers: [ElementPlusResolver({ importStyle: 'css' })],
    }),
    deepLinks,
    compress(),
  ],
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(services.map((service) => [`/${service}`, backend])),
  },
  build: {
    target: 'es2020',
    outDir: here('../src/guanjia/web'),
    emptyOutDir: true,
    assetsDir: 'assets',
    // Which file needs which: what tools/page_sizes.py adds up.
    manifest: true,
    // data: addresses for small files would need img-src data: everywhere; a hashed file is cached for ever.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        ...Object.fromEntries(apps.map((app) => [app, here(`${app}/index.html`)])),
        story: here('phone/story.html'),
      },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['{console,phone,h5,widget,shared,tests}/**/*.test.ts'],
    restoreMocks: true,
    server: { deps: { inline: ['element-plus'] } },
  },
} as Parameters<typeof defineConfig>[0])
